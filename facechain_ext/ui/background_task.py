"""Work that takes its time: done beside the page, which sees how far it is and can stop it."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

log = logging.getLogger(__name__)

_PAUSE = 0.4
"""Seconds between two looks at how far it is."""

_UNWATCHED = 30.0
"""Seconds without a look after which nobody looks any more. A page looks every moment; one that was closed leaves its
generator unfinished, and gradio may hold on to it for as long as it likes."""

_running: weakref.WeakSet[Task[Any]] = weakref.WeakSet()


class Stop:
    """What one browser's Interrupt button sets; every browser gets one of its own as a copy."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __deepcopy__(self, _memo: dict[int, Any]) -> Stop:
        return Stop()

    def set(self) -> None:
        """Ask what runs to stop."""
        self._event.set()

    def clear(self) -> None:
        """Forget what was asked for."""
        self._event.clear()

    def is_set(self) -> bool:
        """Whether it has been asked for."""
        return self._event.is_set()


@dataclass(frozen=True)
class TaskProgress:
    """``done`` of ``total`` steps after ``seconds`` in all and ``since`` the first step; total 0 is before that.

    ``waiting`` says that it has not begun because somebody else's run goes on.
    """

    done: int
    total: int
    seconds: float
    since: float = 0.0
    waiting: bool = False

    @property
    def words(self) -> str:
        """How far it is, and how long it will take, for the page."""
        if self.waiting:
            return f"Waiting: another run is going on here, and this one starts after it. {self.seconds:.0f} s"
        if not self.total:
            return f"Preparing … {self.seconds:.0f} s"
        percent = 100 * self.done // self.total
        if self.done < 2:  # the first step also warms up
            return f"{percent} %"
        left = self.since / (self.done - 1) * (self.total - self.done)
        return f"{percent} %, {left:.0f} s left"


class Task(Generic[T]):
    """``task(report)`` in a thread of its own; ``report(done, total)`` gives False once ``stop`` is set.

    ``now`` is what was reported last; ``waits`` says whether the thread of an identifier waits for its turn. It stops
    when the loop over ``ticks`` is left, and when that loop has not gone on for half a minute.
    """

    def __init__(
        self,
        task: Callable[[Callable[[int, int], bool]], T],
        stop: Stop | None = None,
        waits: Callable[[int], bool] | None = None,
    ) -> None:
        self._task = task
        self._waits = waits or (lambda _thread: False)
        self._stop = stop or Stop()
        self.now = (0, 0)
        self._first = 0.0
        self._seen = 0.0
        self._result: T | None = None
        self._error: BaseException | None = None

    def ticks(self) -> Iterator[TaskProgress]:
        """How far it is, now and then until it ends; leaving the loop early stops it."""
        start = time.monotonic()
        thread = threading.Thread(target=self._run, name="facechain-work", daemon=True)
        _running.add(self)
        thread.start()
        ended = False
        try:
            while thread.is_alive():
                self._seen = now = time.monotonic()
                waiting = self._waits(thread.ident or 0)
                yield TaskProgress(*self.now, now - start, now - self._first if self._first else 0.0, waiting)
                thread.join(_PAUSE)
            ended = True
        finally:
            if not ended:
                self._stop.set()

    def result(self) -> T:
        """What the task gave, after the last tick; raises what it raised."""
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def stop(self) -> None:
        """Ask the task to stop; it learns so from its next report."""
        self._stop.set()

    def _report(self, done: int, total: int) -> bool:
        self.now = (done, total)
        if done and not self._first:
            self._first = time.monotonic()
        if self._seen and time.monotonic() - self._seen > _UNWATCHED and not self._stop.is_set():
            log.info("nobody looks at what runs any more: it is stopped")
            self._stop.set()
        return not self._stop.is_set()

    def _run(self) -> None:
        try:
            self._result = self._task(self._report)
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        finally:
            _running.discard(self)


def stop_all() -> int:
    """Ask everything that runs to stop; gives how many there were."""
    running = list(_running)
    for work in running:
        work.stop()
    return len(running)


def partial_progress(report: Callable[[int, int], bool], number: int, count: int) -> Callable[[int, int], bool]:
    """Reports how far part ``number`` (from 0) of ``count`` like parts is as how far they all are."""
    return lambda done, total: report(number * total + done, count * total)
