"""A worker of a batch in this process, with the models of its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.jobs.items import FileSources
from facechain_ext.jobs.worker import RequestWorker

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.hosts.diffusers.serve import ServeFiles
    from facechain_ext.jobs.items import Item
    from facechain_ext.jobs.worker_types import RequestResult


class LocalWorker:
    """Makes items on a diffusers host of its own; models are loaded for the first item and stay."""

    def __init__(self, files: ServeFiles, sources: FileSources, output: Path, name: str = "this") -> None:
        from facechain_ext.hosts.diffusers.serve import ServeHost

        self.name = name
        self._worker = RequestWorker(ServeHost(files, output), sources)

    def make(self, item: Item) -> RequestResult:
        """The pictures of an item; raises FaceChainError when it cannot be made."""
        return self._worker.make(item.job_request)

    def is_back(self) -> bool:
        """Always: it goes away only with the program."""
        return True


@dataclass(frozen=True)
class LocalWorkerSpec:
    """What a process elsewhere needs to build a LocalWorker: files that it can read under the same paths."""

    files: ServeFiles
    folder: Path
    output: Path

    def __call__(self) -> LocalWorker:
        """A new worker, named after its process."""
        import os
        import socket

        return LocalWorker(self.files, FileSources(self.folder), self.output, f"{socket.gethostname()}:{os.getpid()}")
