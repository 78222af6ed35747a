"""A queue of downloads in a background thread; started, observed and stopped from any thread."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from facechain_ext.errors import Cancelled, FaceChainError
from facechain_ext.weights.download import pull

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.weights.transfer import Progress

log = logging.getLogger(__name__)

DownloadState = Literal["queued", "running", "done", "stopped", "failed"]


class DownloadFunction(Protocol):
    """Downloads the files of ``key``: ``pull``, or a function of the same signature for other files."""

    def __call__(
        self, key: str, *, progress: Callable[[Progress], None] | None, cancel: Callable[[], bool] | None
    ) -> Path:
        """The path of the files; raises FaceChainError, and Cancelled once ``cancel`` returns True."""
        ...


@dataclass(frozen=True)
class DownloadStatus:
    """Status of one download: ``done`` of ``total`` bytes (None when unknown) of ``file``.

    ``message`` describes the end, ``path`` is set once it is done.
    """

    key: str
    state: DownloadState
    file: str = ""
    done: int = 0
    total: int | None = None
    message: str = ""
    path: Path | None = None

    @property
    def busy(self) -> bool:
        """Whether it is queued or running."""
        return self.state in ("queued", "running")


class Downloads:
    """Runs one download after the other, in the order of ``start``, in a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: dict[str, DownloadStatus] = {}
        self._stop: dict[str, threading.Event] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="facechain-download")

    def start(self, key: str, download: DownloadFunction = pull) -> DownloadStatus:
        """Queue the download of ``key`` unless it is queued or running; returns its status."""
        with self._lock:
            known = self._status.get(key)
            if known is not None and known.busy:
                return known
            self._status[key] = DownloadStatus(key, "queued")
            self._stop[key] = threading.Event()
            self._pool.submit(self._run, key, download, self._stop[key])
            return self._status[key]

    def stop(self, key: str) -> None:
        """Stop a queued or running download; a later start resumes it."""
        with self._lock:
            if key in self._stop:
                self._stop[key].set()

    def status(self) -> dict[str, DownloadStatus]:
        """The status of every download of this process, by key; a copy."""
        with self._lock:
            return dict(self._status)

    def close(self) -> None:
        """Stop all downloads and wait for the thread; ``start`` must not be called afterwards."""
        for event in list(self._stop.values()):
            event.set()
        self._pool.shutdown(wait=True)

    def _run(self, key: str, download: DownloadFunction, stop: threading.Event) -> None:
        def on_progress(current: Progress) -> None:
            self._set(DownloadStatus(key, "running", current.file, current.done, current.total))

        if stop.is_set():
            self._finish(key, "stopped", "Stopped before it began.")
            return
        self._set(DownloadStatus(key, "running"))
        try:
            path = download(key, progress=on_progress, cancel=stop.is_set)
        except Cancelled as error:
            self._finish(key, "stopped", str(error))
        except FaceChainError as error:
            self._finish(key, "failed", str(error))
        except OSError as error:
            self._finish(key, "failed", f"{error}. Check the models folder and its disk.")
        except Exception as error:  # else it would count as running for ever
            log.exception("the download of %s failed", key)
            self._finish(key, "failed", f"{type(error).__name__}: {error}. The console has the details.")
        else:
            self._finish(key, "done", f"{key} is here: {path.name}", path)

    def _set(self, status: DownloadStatus) -> None:
        with self._lock:
            self._status[status.key] = status

    def _finish(self, key: str, state: DownloadState, message: str, path: Path | None = None) -> None:
        with self._lock:
            self._status[key] = replace(self._status[key], state=state, message=message, path=path)
