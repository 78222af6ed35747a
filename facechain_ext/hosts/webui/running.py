"""One generation at a time in the webui: its queue, its task and progress bar, its main thread, its error reports."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")

_FORGE_MAIN_THREAD = "modules_forge.main_thread"


class Queue:
    """The webui's queue, which also txt2img and the API wait in; a thread that has its turn may take it again."""

    def __init__(self) -> None:
        self._holder: int | None = None
        self._waiting: set[int] = set()

    def waits(self, thread: int) -> bool:
        """Whether the thread of this identifier waits for its turn."""
        return thread in self._waiting

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until nothing else generates; the webui's other pages see that somebody waits."""
        if self._holder == threading.get_ident():
            yield
            return
        from modules import call_queue, progress

        task = progress.create_task_id("facechain")
        progress.add_task_to_queue(task)
        self._waiting.add(threading.get_ident())
        with call_queue.queue_lock:
            self._waiting.discard(threading.get_ident())
            progress.start_task(task)
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None
                progress.finish_task(task)


_work = threading.local()
"""``begun`` is True in a thread while its work of one or several generations is under way."""


@contextmanager
def begun(state: Any) -> Iterator[None]:
    """The webui's state while a generation runs, or work of several; an interruption holds until the outermost ends.

    Afterwards nothing of it is left in the state.
    """
    if getattr(_work, "begun", False):
        before = state.interrupted, state.stopping_generation
        state.begin(job="facechain")
        state.interrupted, state.stopping_generation = before
        try:
            yield
        finally:
            state.end()
        return
    _work.begun = True
    state.begin(job="facechain")
    try:
        yield
    finally:
        _work.begun = False
        state.end()
        state.interrupted = state.skipped = state.stopping_generation = False


def on_main_thread(work: Callable[[], T]) -> T:
    """The result of ``work``, done where the host wants it: Forge moves models on its main thread only.

    What ``work`` raises is raised here; Forge itself would keep it to the log.
    """
    forge = sys.modules.get(_FORGE_MAIN_THREAD)
    if forge is None:
        return work()
    results: list[T] = []
    errors: list[Exception] = []

    def caught() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)

    forge.run_and_wait_result(caught)
    if errors:
        raise errors[0]
    return results[0]


class ErrorCapture:
    """What the webui and its extensions report as errors while the block runs; the webui itself goes on after them."""

    def __init__(self) -> None:
        self._before: list[Any] = []
        self.found: Sequence[Any] = ()

    def __enter__(self) -> ErrorCapture:
        from modules import errors

        self._before = list(errors.exception_records)
        return self

    def __exit__(self, *_: object) -> None:
        from modules import errors

        self.found = [one for one in errors.exception_records if not any(one is old for old in self._before)]

    def refuse(self, part: str, name: str) -> None:
        """Raise HostError when one of them came from files of ``name``, which have ``part`` in their path."""
        for report in self.found:
            if any(part in str(line).lower() for line in report["traceback"]):
                raise HostError(f"{name} failed: {_words(report)}. The console has the details.")

    def notes(self) -> tuple[str, ...]:
        """A sentence for each, so that nobody wonders what is missing in the picture."""
        return tuple(f"Something else in the webui failed meanwhile: {_words(one)}." for one in self.found)


def _words(report: Any) -> str:
    return str(report["exception"]).strip().rstrip(".")[:300] or "it gave no reason"
