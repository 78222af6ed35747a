"""A long task on a page: its progress while it runs, and a note when it fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from facechain_ext.errors import FaceChainError
from facechain_ext.ui.html import bar, details_html, note_html

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from facechain_ext.ui.background_task import StopSignal, Task, TaskProgress
    from facechain_ext.ui.gradio_types import Updates

log = logging.getLogger(__name__)

T = TypeVar("T")


def run_with_progress(
    task: Task[T], stop: StopSignal, updates: Callable[[str, TaskProgress | None], Updates]
) -> Generator[Updates, None, T | None]:
    """Run ``task`` and yield what the event handler yields to gradio; the result, or None when the task failed.

    ``updates(status, progress)`` makes one update of all outputs of the handler from the HTML of the status line;
    ``progress`` is None once the task has failed. What no user has caused is logged with its traceback.
    """
    for progress in task.progress_updates():
        text = "Stopping …" if stop.is_set() else progress.text
        yield updates(bar(progress.done, progress.total, text), progress)
    details = ""
    try:
        return task.result()
    except FaceChainError as error:
        message, details = str(error), error.details
    except Exception as error:
        log.exception("a task of the page failed")
        message = f"This went wrong: {str(error) or type(error).__name__}. The console has the details."
    yield updates(note_html(message) + details_html(details), None)
    return None
