"""The queue of a program's jobs: bounded, fair between clients, and still there after a restart."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError, InputError, WeightsError
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.records import JobRecord, new_id, restarted
from facechain_ext.storage.owner import Owner, acting_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facechain_ext.jobs.job_request import JobRequest
    from facechain_ext.jobs.records import JobFolder
    from facechain_ext.jobs.worker_types import RequestResult

    RequestMaker = Callable[[JobRequest, Callable[[int, int], bool]], RequestResult]
    """Makes a request; calls its second argument with each step, and ends the work where that returns False."""

log = logging.getLogger(__name__)

_MAX_STARTS = 3
"""After so many ends of the program while a job was made, the job is taken for the cause."""
_MINUTE = 60.0
_ANYBODY = Owner()
"""Who asks where nobody logs in."""


class QueueFullError(FaceChainError):
    """No job is taken now; ``seconds`` is when to ask again, ``length`` how many wait."""

    def __init__(self, message: str, seconds: float, length: int) -> None:
        super().__init__(message)
        self.seconds, self.length = seconds, length


class KeyReusedError(FaceChainError):
    """An idempotency key came again with another request."""


@dataclass(frozen=True)
class QueueLimits:
    """``waiting`` jobs at most, results kept for ``keep_hours``, ``photos_per_minute`` of a client."""

    waiting: int = 100
    keep_hours: float = 24.0
    photos_per_minute: int = 120


class JobQueue:
    """Jobs of ``folder``, made one after the other by ``make`` in a thread of their own.

    Clients take turns; the jobs of one client keep their order. ``limits`` is asked each time. A job is made as
    ``owner_named`` says of its owner's name, so that it finds that owner's cards. Every method may be called from any
    thread. A job is on the disk before ``submit`` returns.
    """

    def __init__(
        self,
        folder: JobFolder,
        make: RequestMaker,
        limits: Callable[[], QueueLimits] = QueueLimits,
        owner_named: Callable[[str], Owner] = Owner,
    ) -> None:
        self._folder, self._make, self._limits, self._owner_named = folder, make, limits, owner_named
        self._changed = threading.Condition()
        self._records: dict[str, JobRecord] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._stopping: set[str] = set()
        self._last_client = ""
        self._photos: dict[str, deque[float]] = {}
        self._seconds: deque[float] = deque(maxlen=20)
        self._thread: threading.Thread | None = None
        for record in folder.load():
            self._adopt(record)

    def start(self) -> None:
        """Begin to work; does nothing when it works already."""
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="facechain-jobs", daemon=True)
                self._thread.start()

    def submit(
        self, values: Mapping[str, object], *, owner: str = "", client: str = "", key: str = ""
    ) -> tuple[JobRecord, bool]:
        """Take a job; the record, and whether it is new: an idempotency ``key`` that came before gives the same job.

        Raises InputError for a request that cannot be, QueueFullError, and KeyReusedError.
        """
        job_request = parse_job_request(values)
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode("utf-8")).hexdigest()
        with self._changed:
            earlier = self._records.get(self._by_key.get((owner, key), "")) if key else None
            if earlier is not None:
                if earlier.order_digest != digest:
                    raise KeyReusedError("This idempotency key came before with another order; take a new key.")
                return earlier, False
            self._purge()
            self._check_room(job_request, client or owner)
            record = JobRecord(
                new_id(), owner=owner, client=client or owner, key=key, order_digest=digest, recipe=job_request.recipe,
                count=job_request.facts.summary().count, created=time.time(),
            )  # fmt: skip
            self._folder.create(record, values)
            self._records[record.id] = record
            if key:
                self._by_key[owner, key] = record.id
            self._changed.notify_all()
            return record, True

    def get(self, job_id: str, owner: Owner = _ANYBODY) -> JobRecord:
        """A job of ``owner``, any for an administrator; raises InputError when there is none of theirs."""
        with self._changed:
            record = self._records.get(job_id)
            if record is None or not owner.may_change(record.owner):
                raise InputError("There is no such job; it was deleted, its time has passed, or it belongs to others.")
            return record

    def jobs_of(self, owner: Owner = _ANYBODY) -> list[JobRecord]:
        """The jobs of ``owner``, all of them for an administrator, newest first."""
        with self._changed:
            return [one for one in reversed(self._records.values()) if owner.may_change(one.owner)]

    def position(self, record: JobRecord) -> int:
        """The place of a waiting job in the order in which jobs will be made, from 1; 0 for any other."""
        with self._changed:
            return next((place for place, one in enumerate(self._turns(), 1) if one.id == record.id), 0)

    def length(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return sum(one.state == "queued" for one in self._records.values())

    def stop(self, job_id: str, owner: Owner = _ANYBODY) -> JobRecord | None:
        """Stop a job and keep what is finished; a job that has ended is deleted with its pictures: None."""
        record = self.get(job_id, owner)
        with self._changed:
            record = self._records.get(job_id, record)
            if record.has_ended:
                self._delete(record)
                return None
            if record.state == "running":
                self._stopping.add(job_id)
                return record
            return self._end(record, "stopped")

    def picture(self, record: JobRecord, number: int) -> bytes:
        """The file of a finished picture, from 1; raises InputError when there is none."""
        return self._folder.picture(record, number)

    def wait(self, seen: JobRecord, seconds: float) -> JobRecord | None:
        """The record once it differs from ``seen``, or as it is after ``seconds``; None when it was deleted."""
        with self._changed:
            self._changed.wait_for(lambda: self._records.get(seen.id) != seen, seconds)
            return self._records.get(seen.id)

    def _adopt(self, record: JobRecord) -> None:
        """Take a job of an earlier run of the program."""
        if record.state == "running":
            if record.starts >= _MAX_STARTS:
                reason = f"The program ended {record.starts} times while this job was made; it is not tried again."
                record = replace(record, state="failed", error=reason, ended=time.time())
            else:
                record = restarted(record)
            self._folder.write(record)
        self._records[record.id] = record
        if record.key:
            self._by_key[record.owner, record.key] = record.id

    def _check_room(self, job_request: JobRequest, client: str) -> None:
        limits = self._limits()
        length = sum(one.state == "queued" for one in self._records.values())
        if length >= limits.waiting:
            seconds = max(sum(self._seconds) / len(self._seconds), 1.0) if self._seconds else 5.0
            raise QueueFullError(f"{length} jobs wait, which is the limit; ask again later.", seconds, length)
        now, times = time.monotonic(), self._photos.setdefault(client, deque())
        while times and now - times[0] > _MINUTE:
            times.popleft()
        photos = job_request.facts.summary().sent
        if times and len(times) + photos > limits.photos_per_minute:
            message = f"A client may send {limits.photos_per_minute} photos a minute; make a card of a person once."
            raise QueueFullError(message, _MINUTE - (now - times[0]), length)
        times.extend([now] * photos)
        for name in [name for name, seen in self._photos.items() if not seen or now - seen[-1] > _MINUTE]:
            del self._photos[name]  # of clients that have not sent any lately, however many there were

    def _turns(self) -> list[JobRecord]:
        """The waiting jobs in the order in which they will be made: clients in turn, each client's oldest first."""
        queues: dict[str, deque[JobRecord]] = {}
        for record in self._records.values():
            if record.state == "queued":
                queues.setdefault(record.client, deque()).append(record)
        names = sorted(queues)
        names = [name for name in names if name > self._last_client] + [n for n in names if n <= self._last_client]
        turns = []
        while queues:
            for name in names:
                if name in queues:
                    turns.append(queues[name].popleft())
                    if not queues[name]:
                        del queues[name]
        return turns

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (turns := self._turns()):
                    self._changed.wait(_MINUTE)
                    self._purge()
                record = replace(turns[0], state="running", started=time.time(), starts=turns[0].starts + 1)
                self._last_client = record.client
                self._records[record.id] = record
            try:
                self._work(record)
            except Exception as error:  # a fault here must not end the queue
                log.exception("the job %s failed", record.id)
                with self._changed:
                    if record.id in self._records:
                        self._end(self._records[record.id], "failed", f"{type(error).__name__}: {error}"[:300])

    def _work(self, record: JobRecord) -> None:
        self._folder.write(record)

        def progress(step: int, steps: int) -> bool:
            with self._changed:
                self._records[record.id] = replace(self._records[record.id], step=step, steps=steps)
                self._changed.notify_all()
                return record.id not in self._stopping

        try:
            with acting_as(self._owner_named(record.owner)):
                made = self._make(parse_job_request(self._folder.job_request(record.id)), progress)
        except FaceChainError as error:
            with self._changed:
                stopped = record.id in self._stopping
                self._end(self._records[record.id], "stopped" if stopped else "failed", str(error))
            return
        pictures = tuple(self._folder.save_picture(record.id, n, one) for n, one in enumerate(made.pictures, 1))
        with self._changed:
            ended = replace(self._records[record.id], pictures=pictures, notes=made.notes)
            self._end(ended, "stopped" if made.stopped or record.id in self._stopping else "done")
            self._seconds.append(time.time() - record.started)

    def _end(self, record: JobRecord, state: str, error: str = "") -> JobRecord:
        """End a job, write that and delete its photos; the lock is held.

        A disk that refuses is named in the job's notes: the job has ended for who asks, and is made anew after a
        restart.
        """
        record = replace(record, state=state, error=error, ended=time.time())  # type: ignore[arg-type]
        try:
            self._folder.write(record)
            self._folder.drop_request(record.id)
        except (WeightsError, OSError) as refusal:
            log.warning("the end of the job %s cannot be written: %s", record.id, refusal)
            record = replace(record, notes=(*record.notes, str(refusal)))
        self._records[record.id] = record
        self._stopping.discard(record.id)
        self._changed.notify_all()
        return record

    def _purge(self) -> None:
        """Delete results whose time has passed; the lock is held."""
        oldest = time.time() - self._limits().keep_hours * 3600
        for record in [one for one in self._records.values() if one.has_ended and one.ended < oldest]:
            self._delete(record)

    def _delete(self, record: JobRecord) -> None:
        del self._records[record.id]
        self._by_key.pop((record.owner, record.key), None)
        self._folder.remove(record.id)
        self._changed.notify_all()
