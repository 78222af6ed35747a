"""Downloads that go on while a page is used: asked for, watched and stopped from any thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from facechain_ext.errors import FaceChainError
from facechain_ext.weights.download import pull
from facechain_ext.weights.transfer import PullCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.weights.transfer import Progress

State = Literal["queued", "running", "done", "stopped", "failed"]


class Task(Protocol):
    """What brings the files of a key: ``pull``, or a style's LoRA by the same signature."""

    def __call__(
        self, key: str, *, progress: Callable[[Progress], None] | None, cancel: Callable[[], bool] | None
    ) -> Path:
        """Where the files are now; raises FaceChainError."""
        ...


@dataclass(frozen=True)
class Status:
    """How one download stands: ``done`` of ``total`` bytes (None when nobody says) of ``file``, and the last word."""

    key: str
    state: State
    file: str = ""
    done: int = 0
    total: int | None = None
    message: str = ""
    path: Path | None = None

    @property
    def busy(self) -> bool:
        """True while it waits or runs."""
        return self.state in ("queued", "running")


class Downloads:
    """One download after the other, in the order in which they were asked for, in a thread of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: dict[str, Status] = {}
        self._stop: dict[str, threading.Event] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="facechain-download")

    def start(self, key: str, task: Task = pull) -> Status:
        """Ask for ``key`` and return how it stands; one that waits or runs is not asked for twice."""
        with self._lock:
            known = self._status.get(key)
            if known is not None and known.busy:
                return known
            self._status[key] = Status(key, "queued")
            self._stop[key] = threading.Event()
            self._pool.submit(self._run, key, task, self._stop[key])
            return self._status[key]

    def stop(self, key: str) -> None:
        """Stop one that waits or runs; what has come so far is kept for the next time."""
        with self._lock:
            if key in self._stop:
                self._stop[key].set()

    def status(self) -> dict[str, Status]:
        """All downloads asked for since the start, by key; a copy."""
        with self._lock:
            return dict(self._status)

    def close(self) -> None:
        """Stop everything and wait for the thread; nothing can be asked for afterwards."""
        for event in list(self._stop.values()):
            event.set()
        self._pool.shutdown(wait=True)

    def _run(self, key: str, task: Task, stop: threading.Event) -> None:
        def progress(now: Progress) -> None:
            self._set(key, state="running", file=now.file, done=now.done, total=now.total)

        if stop.is_set():
            self._set(key, state="stopped", message="Stopped before it began.")
            return
        self._set(key, state="running")
        try:
            path = task(key, progress=progress, cancel=stop.is_set)
        except PullCancelledError as error:
            self._set(key, state="stopped", message=str(error))
        except FaceChainError as error:
            self._set(key, state="failed", message=str(error))
        except OSError as error:
            self._set(key, state="failed", message=f"{error}. Check the models folder and its disk.")
        else:
            self._set(key, state="done", path=path, message=f"{key} is here: {path.name}")

    def _set(self, key: str, **changes: object) -> None:
        with self._lock:
            self._status[key] = replace(self._status[key], **changes)  # type: ignore[arg-type]
