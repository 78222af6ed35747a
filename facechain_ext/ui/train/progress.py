"""The status of a training as text and progress bar for the page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from facechain_ext.training_runs.status import PREVIEWS, stop_requested
from facechain_ext.ui.html import bar, note_html
from facechain_ext.ui.train.labels import RESUME_STYLE_LABEL, resume_label
from facechain_ext.ui.train.person_request import is_person, saved_form
from facechain_ext.ui.train.process import folder_of, last_log_line

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.training_runs.status import TrainingStatus

SILENCE_SECONDS = 60.0
"""Seconds without a heartbeat of a live process after which the page mentions it."""
SURVIVES_NOTE = "It goes on when this page is closed or the webui's page is reloaded, and any page finds it again."


def is_stopping(status: TrainingStatus) -> bool:
    """Whether a stop was requested and the run has not ended yet."""
    return status.alive and stop_requested(folder_of(status), status.run_id)


def state_html(status: TrainingStatus | None) -> str:
    """The activity of the latest training, or how it ended; the text changes only when its phase does.

    The page polls more often while it contains an element with ``data-running``.
    """
    if status is None:
        return ""
    sentences = _sentences(status)
    return f"<div data-running>{note_html(*sentences)}</div>" if status.alive else note_html(*sentences)


def progress_html(status: TrainingStatus | None) -> str:
    """A progress bar for a running training; empty for any other."""
    if status is None or not status.alive:
        return ""
    parts = [f"step {status.step} of {status.steps}"]
    if status.phase == "starting":
        return bar(0, 0, f"{status.activity} …")
    if status.loss is not None:
        parts.append(f"loss {status.loss:.4f}")
    if status.seconds_left is not None:
        parts.append(f"{time_left(status.seconds_left)} left")
    if status.activity and status.activity != "Learning":
        parts.append(f"{status.activity} …")
    return bar(status.step, status.steps, ", ".join(parts))


def time_left(seconds: float) -> str:
    """A duration in hours and minutes, minutes, or seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{rest} s"


def preview_file(status: TrainingStatus | None) -> Path | None:
    """The latest preview picture of a training; None when there is none."""
    if status is None or not status.preview:
        return None
    folder = folder_of(status) / PREVIEWS
    path = folder / status.preview
    return path if path.parent == folder and path.is_file() else None


def _sentences(status: TrainingStatus) -> list[str]:
    name = f'"{status.name}"'
    notes = status.notes.splitlines()
    if status.alive:
        sentences = [
            f"{name} is stopping: it saves after this step." if is_stopping(status) else f"{name} is being trained."
        ]
        if not is_stopping(status):
            sentences.append(SURVIVES_NOTE)
        silence = time.time() - status.heartbeat
        if silence > SILENCE_SECONDS:
            sentences.append(f"Nothing was heard of it for {time_left(silence)}; the machine may be busy.")
        return sentences + notes
    if status.phase == "done":
        return [
            f"Done: {status.message}; {_what_became(status)}",
            f'To train it further, set more training steps, tick "{_resume_label(status)}" and press Train.',
            *notes,
        ]
    if status.phase == "stopped":
        return [f"{name} is stopped at step {status.step} of {status.steps}. {_next_step(status)}", *notes]
    if status.phase == "failed":
        return [f"The training of {name} ended with an error: {status.message}", *notes]
    last = last_log_line(folder_of(status))
    return [
        f"The training of {name} ended at step {status.step} of {status.steps} without a word: it was killed, or the "
        f"machine ran out of memory or was switched off. {_next_step(status)}",
        *([f"Its last words: {last}"] if last else []),
        *notes,
    ]


def _what_became(status: TrainingStatus) -> str:
    """Where the user finds what was learned."""
    if is_person(folder_of(status)):
        return "it is in the LoRA folder, and the LoRA of a person is on the card too."
    return "the style is among your own."


def _next_step(status: TrainingStatus) -> str:
    """How a training that ended early can be resumed."""
    if not status.saved_step:
        return "Nothing was saved yet: press Train to begin it again."
    return f'It is saved up to step {status.saved_step}: tick "{_resume_label(status)}" and press Train.'


def _resume_label(status: TrainingStatus) -> str:
    """The label of the switch that resumes it: the forms of styles, people and things have one each."""
    if not is_person(folder_of(status)):
        return RESUME_STYLE_LABEL
    form = saved_form(status.name)
    return resume_label(person=form is None or form.person)
