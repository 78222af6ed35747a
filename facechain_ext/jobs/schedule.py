"""Sharing out the items of a batch among workers: whoever is free takes the next; what fails is tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from facechain_ext.errors import FaceChainError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.jobs.items import Item
    from facechain_ext.jobs.results import ResultFolder, Row
    from facechain_ext.jobs.worker_types import RequestResult

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often an item is tried: once, and twice again."""
_CHECKS = 5
"""How often a worker that was lost is asked whether it is back before it is given up."""


class WorkerLostError(HostError):
    """A worker cannot be reached or does not answer in time; the item is not at fault."""


class BatchWorker(Protocol):
    """Somebody who makes items, one at a time."""

    @property
    def name(self) -> str:
        """What it is called in the report."""

    def make(self, item: Item) -> RequestResult:
        """Make an item; raises WorkerLostError when another worker should, FaceChainError when the item fails."""

    def is_back(self) -> bool:
        """Whether a worker that was lost can work again."""


@dataclass
class _Waiting:
    """What is left to do, guarded by ``changed``."""

    queue: deque[tuple[Item, int, int]]
    """Item, attempts so far, workers that were lost with it."""
    running: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    stopped: bool = False
    fault: Exception | None = None
    """For which the batch was stopped."""

    def is_over(self) -> bool:
        """Whether nothing is left to do or the batch is stopped."""
        return self.stopped or (not self.queue and not self.running)


def run_items(
    items: Sequence[Item],
    workers: Sequence[BatchWorker],
    results: ResultFolder,
    *,
    on_row: Callable[[Row], None] = lambda _row: None,
    pause: float = 5.0,
) -> bool:
    """Make all items that ``results`` lacks; True when every item has been done or has failed for good.

    An item that fails goes to the end of the queue, ``ATTEMPTS`` times at most. A lost worker's item goes to the next
    worker at once, and counts as failed only when it has lost as many workers. A lost worker is asked every ``pause``
    seconds whether it is back, a few times. False means that items are left because no worker was. ``on_row`` is called
    from the workers' threads. Raises WeightsError and OSError when a result cannot be written, and what ``on_row``
    raises of these; the batch is stopped then.
    """
    waiting = _Waiting(deque((item, 0, 0) for item in items if not results.is_done(item.id)))
    threads = [
        threading.Thread(target=_work, args=(worker, waiting, results, on_row, pause), name=worker.name, daemon=True)
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    except KeyboardInterrupt:
        with waiting.changed:
            waiting.stopped = True
            waiting.changed.notify_all()
        raise
    if waiting.fault is not None:
        raise waiting.fault
    return not waiting.queue


def _work(
    worker: BatchWorker, waiting: _Waiting, results: ResultFolder, on_row: Callable[[Row], None], pause: float
) -> None:
    while True:
        with waiting.changed:
            while not waiting.queue and waiting.running and not waiting.stopped:
                waiting.changed.wait()  # an item of another worker may come back
            if not waiting.queue or waiting.stopped:
                return
            item, attempts, lost = waiting.queue.popleft()
            waiting.running += 1
        try:
            again, is_lost = _one(worker, item, attempts, lost, results, on_row)
        except (FaceChainError, OSError) as error:  # the results cannot be written
            with waiting.changed:
                waiting.running -= 1
                waiting.fault, waiting.stopped = waiting.fault or error, True
                waiting.changed.notify_all()
            return
        with waiting.changed:
            waiting.running -= 1
            if again is not None:
                (waiting.queue.appendleft if is_lost else waiting.queue.append)(again)
            waiting.changed.notify_all()
        if is_lost and not _returns(worker, waiting, pause):
            log.warning("%s is given up; the others go on", worker.name)
            return


def _one(
    worker: BatchWorker, item: Item, attempts: int, lost: int, results: ResultFolder, on_row: Callable[[Row], None]
) -> tuple[tuple[Item, int, int] | None, bool]:
    """Try an item; what goes back into the queue, and whether the worker was lost."""
    began = time.monotonic()
    try:
        made = worker.make(item)
    except WorkerLostError as error:
        log.warning("%s: %s", worker.name, error)
        if lost + 1 < ATTEMPTS:
            return (item, attempts, lost + 1), True
        reason, is_lost = f"{lost + 1} workers were lost with it: {error}", True
    except FaceChainError as error:
        if attempts + 1 < ATTEMPTS:
            log.info("%s is tried again: %s", item.label, error)
            return (item, attempts + 1, lost), False
        reason, is_lost = str(error), False
    except Exception as error:  # a fault of ours or of the host: the rest of the batch goes on
        log.exception("%s failed", item.label)
        if attempts + 1 < ATTEMPTS:
            return (item, attempts + 1, lost), False
        reason, is_lost = f"{type(error).__name__}: {error}", False
    else:
        seconds = time.monotonic() - began
        on_row(results.save(item, made, seconds=seconds, attempts=attempts + 1, worker=worker.name))
        return None, False
    seconds = time.monotonic() - began
    on_row(results.fail(item, reason, seconds=seconds, attempts=attempts + 1, worker=worker.name))
    return None, is_lost


def try_item(worker: BatchWorker, item: Item, results: ResultFolder) -> None:
    """Make an item and write its row, trying again after failures."""
    for attempt in range(ATTEMPTS):
        again, _ = _one(worker, item, attempt, 0, results, lambda _row: None)
        if again is None:
            return


def _returns(worker: BatchWorker, waiting: _Waiting, pause: float) -> bool:
    """Whether a lost worker comes back, while there is anything left to do."""
    for _ in range(_CHECKS):
        with waiting.changed:
            if waiting.changed.wait_for(waiting.is_over, pause):
                return False
        if worker.is_back():
            return True
    return False
