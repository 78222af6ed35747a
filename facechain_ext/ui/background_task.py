"""Long work in a background thread: the page shows its progress and can stop it."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T_co = TypeVar("T_co", covariant=True)
ReportProgress = Callable[[int, int], bool]
"""``report(done, total)`` in steps; returns False once the work should stop."""

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.4
"""Interval at which the page reads the progress."""
_ABANDONED_SECONDS = 30.0
"""Seconds without a poll after which the work is stopped: a closed browser leaves its generator suspended, and gradio
may keep that generator alive indefinitely."""

_running: weakref.WeakSet[Task[object]] = weakref.WeakSet()


class StopSignal:
    """Set by one browser's Interrupt button; gradio deep-copies the initial state, so each browser has its own."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __deepcopy__(self, _memo: dict[int, object]) -> StopSignal:
        return StopSignal()

    def set(self) -> None:
        """Request that the running work stops."""
        self._event.set()

    def clear(self) -> None:
        """Withdraw the request, before the next work starts."""
        self._event.clear()

    def is_set(self) -> bool:
        """Whether a stop was requested."""
        return self._event.is_set()


@dataclass(frozen=True)
class TaskProgress:
    """Progress of a task: ``done`` of ``total`` steps; ``total`` is 0 until the first report.

    ``seconds`` are counted from the start, ``since_first_step`` from the first finished step. ``waiting`` means that
    the task has not started because another run occupies the host.
    """

    done: int
    total: int
    seconds: float
    since_first_step: float = 0.0
    waiting: bool = False

    @property
    def text(self) -> str:
        """The progress and the estimated remaining time, for the page."""
        if self.waiting:
            return f"Waiting: another run is going on here, and this one starts after it. {self.seconds:.0f} s"
        if not self.total:
            return f"Preparing … {self.seconds:.0f} s"
        percent = 100 * self.done // self.total
        if self.done < 2:  # the first step includes the warm-up, so that no estimate is possible yet
            return f"{percent} %"
        left = self.since_first_step / (self.done - 1) * (self.total - self.done)
        return f"{percent} %, {left:.0f} s left"


class Task(Generic[T_co]):
    """Runs ``function(report)`` in a thread; ``report(done, total)`` returns False once ``stop`` is set.

    ``is_waiting(thread_id)`` tells whether that thread still waits for the host; ``last_report`` is (done, total) of
    the last report. The task stops when iteration over ``progress_updates`` is abandoned, or is not resumed for 30 s.
    """

    def __init__(
        self,
        function: Callable[[ReportProgress], T_co],
        stop: StopSignal | None = None,
        is_waiting: Callable[[int], bool] | None = None,
    ) -> None:
        self._function = function
        self._is_waiting = is_waiting or (lambda _thread_id: False)
        self._stop = stop or StopSignal()
        self.last_report = (0, 0)
        self._first_step_time = 0.0
        self._last_polled = 0.0
        self._result: T_co | None = None
        self._error: BaseException | None = None

    def progress_updates(self) -> Iterator[TaskProgress]:
        """Start the task and yield its progress every 0.4 s until it ends; closing the iterator early stops it."""
        start = time.monotonic()
        # in the context of whoever started it, which says whose cards it may use
        thread = threading.Thread(target=copy_context().run, args=(self._run,), name="facechain-work", daemon=True)
        _running.add(self)
        thread.start()
        ended = False
        try:
            while thread.is_alive():
                self._last_polled = now = time.monotonic()
                since_first_step = now - self._first_step_time if self._first_step_time else 0.0
                waiting = self._is_waiting(thread.ident or 0)
                yield TaskProgress(*self.last_report, now - start, since_first_step, waiting)
                thread.join(_POLL_SECONDS)
            ended = True
        finally:
            if not ended:
                self._stop.set()

    def result(self) -> T_co:
        """The function's result, after ``progress_updates`` is exhausted; re-raises what the function raised."""
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def stop(self) -> None:
        """Request a stop; the task is told by the return value of its next report."""
        self._stop.set()

    def _report(self, done: int, total: int) -> bool:
        self.last_report = (done, total)
        if done and not self._first_step_time:
            self._first_step_time = time.monotonic()
        if self._last_polled and time.monotonic() - self._last_polled > _ABANDONED_SECONDS and not self._stop.is_set():
            log.info("no page polls the running task any more: it is stopped")
            self._stop.set()
        return not self._stop.is_set()

    def _run(self) -> None:
        try:
            self._result = self._function(self._report)
        except BaseException as error:  # noqa: BLE001 - re-raised by result()
            self._error = error
        finally:
            _running.discard(self)


def stop_all() -> int:
    """Request a stop of every running task; returns their number."""
    running = list(_running)
    for task in running:
        task.stop()
    return len(running)


def partial_progress(report: ReportProgress, index: int, count: int) -> ReportProgress:
    """Map the progress of part ``index`` (from 0) of ``count`` equal parts to the progress of the whole."""
    return lambda done, total: report(index * total + done, count * total)
