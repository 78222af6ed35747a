"""A whole style training: from pictures to a LoRA in the host's folder, and its style entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.storage.paths import safe_child
from facechain_ext.styles import key_of, save_style
from facechain_ext.styles.loras import lora_folder
from facechain_ext.training.lora.loop import Report, begin, learn, refuse_existing, write_lora
from facechain_ext.training.lora.trainer import Example, LoraTrainer
from facechain_ext.training_runs.pictures import caption_table, training_examples
from facechain_ext.training_runs.style_entry import check_entry, has_style, style_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.training_runs.settings import LoraSettings, StyleRequest


def train_style(
    request: StyleRequest,
    settings: LoraSettings,
    *,
    resume: bool = False,
    report: Callable[[Report], bool] = lambda _event: True,
) -> Path | None:
    """Train the LoRA and write it with its style entry; the file, or None when ``report`` stopped it by False.

    A stopped or killed training goes on with ``resume`` at its last saved state, and makes the same updates as one
    that was not stopped. A finished one is trained further by more steps, and its LoRA replaced at the end. Raises
    PhotoError for the pictures, HostError for a checkpoint that cannot be trained, another training in ``work``, a
    result of this name from another training, or a full disk: its message says what is safe.
    """
    key = key_of(request.name)
    final = safe_child(request.loras or lora_folder(), f"{key}.safetensors")
    refuse_existing(final, "style", resume=resume)
    if request.catalogue:
        check_entry(request.name, request.trigger)
    report({"event": "activity", "words": "Reading the pictures"})
    rows = caption_table(request.pictures, request.trigger)
    examples = [Example(*example) for example in training_examples(request.pictures, rows, settings.size)]
    for row in rows:
        if row.problem:
            report({"event": "not used", "file": row.file, "reason": row.problem})
    report({"event": "activity", "words": f"Loading the checkpoint {request.checkpoint.name}"})
    training = LoraTrainer(request, settings, examples)
    begin(training, final, report, resume=resume)
    if not learn(training, report, pictures=len(examples), preview=f"{request.trigger}, portrait of a person"):
        return None
    write_lora(training, final, report)
    done: Report = {"event": "done", "file": str(final)}
    if request.catalogue and not has_style(key):
        done["style"] = str(save_style(style_entry(request.name, request.trigger)))
    report(done)
    return final
