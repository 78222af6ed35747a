"""What every form of the Train page does alike: it shows the running training and stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.lazy_names import late_module
from facechain_ext.ui.html import note_html

if TYPE_CHECKING:
    from facechain_ext.training_runs.status import TrainingStatus
    from facechain_ext.ui.train import process, progress
else:
    process, progress = (late_module(f"facechain_ext.ui.train.{name}") for name in ("process", "progress"))


def on_watch(shown_preview: str) -> list[object]:
    """``status_updates`` of the running training, else of the latest."""
    return status_updates(process.running_status() or process.latest_status(), shown_preview)


def status_updates(status: TrainingStatus | None, shown_preview: str) -> list[object]:
    """Updates of state, progress, preview, and the path of the preview that the page shows.

    The preview is sent only when it is another than ``shown_preview``.
    """
    picture = progress.preview_file(status)
    new = str(picture) if picture is not None else ""
    image = gr.update() if new == shown_preview else gr.update(value=new or None)
    return [progress.state_html(status), progress.progress_html(status), image, new]


def on_stop(shown_preview: str) -> list[object]:
    """Request that the running training saves and ends; updates of the form's message, then those of ``on_watch``."""
    try:
        stopping = process.stop()
    except FaceChainError as error:
        return [note_html(str(error)), *on_watch(shown_preview)]
    return ["" if stopping else note_html("Nothing is being trained."), *on_watch(shown_preview)]
