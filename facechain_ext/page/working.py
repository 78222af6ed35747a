"""Work that takes its time: done beside the page, which sees how far it is and can stop it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_PAUSE = 0.25
"""Seconds between two looks at how far it is."""


@dataclass(frozen=True)
class Tick:
    """``done`` of ``total`` steps after ``seconds``; total is 0 before the first step."""

    done: int
    total: int
    seconds: float

    @property
    def words(self) -> str:
        """How far it is, and how long it will take, for the page."""
        if not self.total:
            return "Preparing …"
        left = self.seconds / self.done * (self.total - self.done) if self.done else 0.0
        return f"{100 * self.done // self.total} %, {left:.0f} s left"


class Work(Generic[T]):
    """``task(report)`` in a thread of its own; ``report(done, total)`` gives False once it has been stopped."""

    def __init__(self, task: Callable[[Callable[[int, int], bool]], T]) -> None:
        self._task = task
        self._stopped = threading.Event()
        self._now = (0, 0)
        self._result: T | None = None
        self._error: BaseException | None = None

    def ticks(self) -> Iterator[Tick]:
        """How far it is, every quarter of a second until it ends; leaving the loop early stops it."""
        start = time.monotonic()
        thread = threading.Thread(target=self._run, name="facechain-work", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                yield Tick(*self._now, time.monotonic() - start)
                thread.join(_PAUSE)
        finally:
            self._stopped.set()

    def result(self) -> T:
        """What the task gave, after the last tick; raises what it raised."""
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _report(self, done: int, total: int) -> bool:
        self._now = (done, total)
        return not self._stopped.is_set()

    def _run(self) -> None:
        try:
            self._result = self._task(self._report)
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
