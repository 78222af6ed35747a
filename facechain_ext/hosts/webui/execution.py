"""How a generation runs in the webui: in its queue, with a job state, on its main thread, with its errors captured."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.host_facts import host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from facechain_ext.hosts.webui.host_types import ErrorRecord, State

T = TypeVar("T")


class GenerationQueue:
    """The webui's queue, shared with txt2img and the API; re-entrant for the thread that holds it."""

    def __init__(self) -> None:
        self._holder: int | None = None
        self._waiting: set[int] = set()

    def is_waiting(self, thread: int) -> bool:
        """Whether the thread with this identifier waits for the queue."""
        return thread in self._waiting

    @contextmanager
    def acquire_queue(self) -> Iterator[None]:
        """Hold the queue inside the block, once nothing else generates; the webui lists the waiting task."""
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


_thread = threading.local()
"""``in_job`` is True in a thread while it is inside ``job_state``."""


@contextmanager
def job_state(state: State) -> Iterator[None]:
    """Begin a job in the webui's state and end it after the block; a block inside another belongs to its job.

    An interruption holds until the outermost block ends, which clears it from the state.
    """
    if getattr(_thread, "in_job", False):
        yield
        return
    _thread.in_job = True
    state.begin(job="facechain")
    try:
        yield
    finally:
        _thread.in_job = False
        state.end()
        state.interrupted = state.skipped = state.stopping_generation = False


def on_main_thread(work: Callable[[], T]) -> T:
    """The result of ``work``, run on the host's main thread where models move on that one alone; elsewhere on this one.

    Raises what ``work`` raises, which the host itself would only log.
    """
    main_thread = sys.modules.get(host().main_thread)
    if main_thread is None:
        return work()
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)

    context = copy_context()  # which says who asks
    main_thread.run_and_wait_result(lambda: context.run(run))
    if errors:
        raise errors[0]
    return results[0]


class ErrorCapture:
    """Collects the errors that the webui and its extensions report inside the block, after which the webui goes on."""

    def __init__(self) -> None:
        self._earlier: list[ErrorRecord] = []
        self.records: Sequence[ErrorRecord] = ()

    def __enter__(self) -> ErrorCapture:
        from modules import errors

        self._earlier = list(errors.exception_records)
        return self

    def __exit__(self, *_: object) -> None:
        from modules import errors

        self.records = [new for new in errors.exception_records if not any(new is old for old in self._earlier)]

    def raise_from(self, path_part: str, name: str) -> None:
        """Raise HostError when an error came from files of ``name``, which have ``path_part`` in their path."""
        for record in self.records:
            if any(path_part in str(frame).lower() for frame in record["traceback"]):
                raise HostError(f"{name} failed: {_message(record)}. The console has the details.")

    def notes(self) -> tuple[str, ...]:
        """A sentence for each error, as it may explain what is missing in the picture."""
        return tuple(f"Something else in the webui failed meanwhile: {_message(record)}." for record in self.records)


def _message(record: ErrorRecord) -> str:
    return str(record["exception"]).strip().rstrip(".")[:300] or "it gave no reason"
