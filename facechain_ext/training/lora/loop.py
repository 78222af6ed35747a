"""What every training of a LoRA does: refuse to overwrite, go on where it stopped, learn, save, and write the file."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from facechain_ext.errors import HostError
from facechain_ext.training.lora.layers import save_lora
from facechain_ext.training_runs.settings import NOTHING_LOST, TRAINING_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from facechain_ext.training.lora.trainer import LoraTrainer

SAVE_AFTER = 300.0
"""Longest time in seconds between two saved states, so that a slow machine loses no more than that."""
Report = dict[str, Any]
"""One event: its kind under ``event``, and its values; the command writes it as a line of JSON."""


def begin(training: LoraTrainer, final: Path, report: Callable[[Report], bool], *, resume: bool) -> None:
    """Begin or go on with a training whose LoRA becomes ``final``; raises HostError where that may not be."""
    for note in training.begin(resume=resume):
        report({"event": "note", "words": note})
    if final.exists():
        _check_extension(final, training.id, training.step, training.settings.steps)
    report({"event": "memory", "words": training.memory_need().words})
    report({"event": "activity", "words": "Encoding the pictures"})
    training.encode()


def learn(
    training: LoraTrainer,
    report: Callable[[Report], bool],
    *,
    pictures: int,
    preview: str,
    after_save: Callable[[], None] = lambda: None,
) -> bool:
    """Make the steps that are left; whether all are made, False when ``report`` stopped it.

    ``preview`` is the prompt of the previews. ``after_save`` is called after each state at a multiple of ``save_every``
    and after the last one. Raises HostError for a full disk: its message says what is safe.
    """
    settings = training.settings
    started = {"event": "started", "step": training.step, "steps": settings.steps, "pictures": pictures}
    keep_going, saved = report(started), time.monotonic()
    while keep_going and training.step < settings.steps:
        loss = training.update()
        keep_going = report({"event": "step", "step": training.step, "steps": settings.steps, "loss": loss})
        last = training.step == settings.steps
        on_time = training.step % settings.save_every == 0
        if not keep_going or last or on_time or time.monotonic() - saved > SAVE_AFTER:
            report({"event": "activity", "words": "Saving"})
            training.save()
            saved = time.monotonic()
            report({"event": "saved", "step": training.step})
            if last or on_time:
                after_save()
        if last or training.step % settings.preview_every == 0:
            _report_preview(training, preview, report)
    if training.step < settings.steps:
        report({"event": "stopped", "step": training.step})
        return False
    return True


def write_lora(
    training: LoraTrainer, final: Path, report: Callable[[Report], bool], metadata: Mapping[str, str] | None = None
) -> None:
    """Write the LoRA, with settings and checkpoint in its metadata; raises HostError when it cannot be written."""
    report({"event": "activity", "words": "Writing the LoRA"})
    words = {
        "facechain.settings": json.dumps(asdict(training.settings)),
        "facechain.checkpoint": training.checkpoint.name,
        TRAINING_ID: training.id,
        **(metadata or {}),
    }
    base = "sdxl_base_v1-0" if training.checkpoint.is_sdxl else "sd_v1"
    try:
        save_lora(
            training.layers, final, trigger=training.request.trigger, metadata=words, base=base, replace=final.exists()
        )
    except (OSError, SafetensorError) as error:
        raise HostError(f"{final} cannot be written ({error}). {NOTHING_LOST.format(step=training.step)}") from error


def refuse_existing(final: Path, what: str, *, resume: bool) -> None:
    """Raise HostError where a new training would overwrite a file."""
    if final.exists() and not resume:
        raise HostError(f"{final} exists already and is not overwritten; choose another name for the {what}.")


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


def _report_preview(training: LoraTrainer, prompt: str, report: Callable[[Report], bool]) -> None:
    """Make a preview; one that cannot be written is reported, and training continues."""
    report({"event": "activity", "words": "Drawing a preview"})
    try:
        report({"event": "preview", "step": training.step, "file": str(training.preview(prompt))})
    except OSError as error:
        report({"event": "note", "words": f"The preview of step {training.step} cannot be written ({error})."})
