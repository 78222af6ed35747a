"""A whole style training: from pictures to a LoRA in the host's folder, and its style entry."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from facechain_ext.errors import HostError
from facechain_ext.storage.paths import safe_child
from facechain_ext.styles import key_of, save_style
from facechain_ext.styles.loras import lora_folder
from facechain_ext.training.style.lora import save_lora
from facechain_ext.training.style.trainer import StyleTrainer
from facechain_ext.training_runs.pictures import caption_table, training_examples
from facechain_ext.training_runs.settings import NOTHING_LOST, TRAINING_ID, StyleRequest, StyleSettings
from facechain_ext.training_runs.style_entry import check_entry, has_style, style_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Report", "StyleRequest", "StyleSettings", "train_style"]

SAVE_AFTER = 300.0
"""Longest time in seconds between two saved states, so that a slow machine loses no more than that."""
Report = dict[str, Any]
"""One event: its kind under ``event``, and its values; the command writes it as a line of JSON."""


def train_style(
    request: StyleRequest,
    settings: StyleSettings,
    *,
    resume: bool = False,
    report: Callable[[Report], bool] = lambda _event: True,
) -> Path | None:
    """Train the LoRA and write it with its style entry; the file, or None when ``report`` stopped it by False.

    A stopped or killed training goes on with ``resume`` at its last saved state, and makes the same updates as one
    that was not stopped. A finished one is trained further by more steps, and its LoRA replaced at the end. Raises
    PhotoError for the pictures, HostError for a checkpoint that is not SD1.5, another training in ``work``, a result of
    this name from another training, or a full disk: its message says what is safe.
    """
    key = key_of(request.name)
    final = safe_child(request.loras or lora_folder(), f"{key}.safetensors")
    if final.exists() and not resume:
        raise HostError(f"{final} exists already and is not overwritten; choose another name for the style.")
    if request.catalogue:
        check_entry(request.name, request.trigger)
    report({"event": "activity", "words": "Reading the pictures"})
    rows = caption_table(request.pictures, request.trigger)
    examples = training_examples(request.pictures, rows, settings.size)
    for row in rows:
        if row.problem:
            report({"event": "not used", "file": row.file, "reason": row.problem})
    report({"event": "activity", "words": f"Loading the checkpoint {request.checkpoint.name}"})
    training = StyleTrainer(request, settings, examples)
    for note in training.begin(resume=resume):
        report({"event": "note", "words": note})
    if final.exists():
        _check_extension(final, training.id, training.step, settings.steps)
    report({"event": "activity", "words": "Encoding the pictures"})
    training.encode()
    started = {"event": "started", "step": training.step, "steps": settings.steps, "pictures": len(examples)}
    keep_going, saved = report(started), time.monotonic()
    while keep_going and training.step < settings.steps:
        loss = training.update()
        keep_going = report({"event": "step", "step": training.step, "steps": settings.steps, "loss": loss})
        last = training.step == settings.steps
        due = training.step % settings.save_every == 0 or time.monotonic() - saved > SAVE_AFTER
        if not keep_going or last or due:
            report({"event": "activity", "words": "Saving"})
            training.save()
            saved = time.monotonic()
            report({"event": "saved", "step": training.step})
        if last or training.step % settings.preview_every == 0:
            _report_preview(training, report)
    if training.step < settings.steps:
        report({"event": "stopped", "step": training.step})
        return None
    report({"event": "activity", "words": "Writing the LoRA"})
    metadata = {"facechain.settings": json.dumps(asdict(settings)), "facechain.checkpoint": training.checkpoint.name}
    metadata[TRAINING_ID] = training.id
    try:
        save_lora(
            training.checkpoint.unet, final, rank=settings.rank, trigger=request.trigger, metadata=metadata,
            replace=final.exists(),
        )  # fmt: skip
    except (OSError, SafetensorError) as error:
        raise HostError(f"{final} cannot be written ({error}). {NOTHING_LOST.format(step=training.step)}") from error
    done: Report = {"event": "done", "file": str(final)}
    if request.catalogue and not has_style(key):
        done["style"] = str(save_style(style_entry(request.name, request.trigger)))
    report(done)
    return final


def _check_extension(final: Path, training: str, step: int, steps: int) -> None:
    """Raise HostError unless the LoRA that is there is this training's own and is to be trained further."""
    try:
        with safe_open(final, framework="pt") as file:
            own = (file.metadata() or {}).get(TRAINING_ID)
    except (OSError, SafetensorError) as error:
        raise HostError(f"{final} cannot be read ({error}); move it away, then go on.") from error
    if own != training:
        raise HostError(f"{final} is not from this training and is not overwritten; move it away, then go on.")
    if step >= steps:
        raise HostError(f"All {step} steps are made. To train it further, set more training steps than {step}.")


def _report_preview(training: StyleTrainer, report: Callable[[Report], bool]) -> None:
    """Make a preview; one that cannot be written is reported, and training continues."""
    report({"event": "activity", "words": "Drawing a preview"})
    try:
        report({"event": "preview", "step": training.step, "file": str(training.preview())})
    except OSError as error:
        report({"event": "note", "words": f"The preview of step {training.step} cannot be written ({error})."})
