"""The webui's state while the tab generates: its progress bar, its interrupt, its task."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from facechain_ext.portrait.job import Job

T = TypeVar("T")

_LOOK = 0.1
"""Seconds between two looks at how far the webui is."""


def on_main_thread(work: Callable[[], T]) -> T:
    """The result of ``work``, done where the host wants it: Forge moves models on its main thread only."""
    forge = sys.modules.get("modules_forge.main_thread")
    return work() if forge is None else forge.run_and_wait_result(work)


@contextmanager
def watched(state: Any, job: Job, progress: Callable[[int, int], bool] | None) -> Iterator[None]:
    """Tell ``progress`` how far the webui is while the block runs, and interrupt when it returns False."""
    state.begin(job="facechain")
    total = max(job.count * job.steps, 1)
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK):
            done = state.job_no * job.steps + state.sampling_step
            if progress is not None and not progress(min(done, total), total):
                state.interrupt()
                return

    watcher = threading.Thread(target=look, name="facechain-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        state.end()
