"""The files in the models folder: finding them, comparing them with their records, listing leftovers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from facechain_ext.errors import Cancelled, InputError, WeightsError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.paths import safe_child
from facechain_ext.weights.folders import models_folder
from facechain_ext.weights.lock_file import check_quickly, read_lock, record_name, sha256_of
from facechain_ext.weights.manifest import Entry, entry, manifest, source_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from facechain_ext.weights.lock_file import Record, State

logger = logging.getLogger(__name__)

_DESCRIPTIONS: dict[State, str] = {
    "right": "is as it was downloaded",
    "changed": "has changed since it was downloaded",
    "missing": "is missing",
    "unknown": "was put here by hand, so there is nothing to compare it with",
}
_LEFTOVER_PATTERNS = ("*.part", "*.part.json", "*.raw", "*.writing")
"""Temporary files of this and earlier versions."""


@dataclass(frozen=True)
class Finding:
    """The state of one file of an entry."""

    key: str
    path: Path
    state: State

    def __str__(self) -> str:
        return f"{self.key}: {self.path.name} {self.description}."

    @property
    def description(self) -> str:
        """The state as the end of a sentence about the file."""
        return _DESCRIPTIONS[self.state]


def target(wanted: Entry) -> Path:
    """Where a download of an entry is written; raises WeightsError when a link leads out of the models folder."""
    try:
        return safe_child(models_folder(), wanted.save_as)
    except InputError as error:
        raise WeightsError(str(error)) from error


def find(key: str) -> Path | None:
    """The file or folder of the weights called ``key``, or None when it is not there.

    Searches ``target``, then the models folder and the target's folder for the file's original name, since messages ask
    users to put it there by hand. Links that users have made in their models folder are followed, also out of it.
    Raises InputError for a key that the manifest does not have.
    """
    wanted = entry(key)
    for path in _candidates(wanted):
        if path.is_dir() if wanted.folder else path.is_file():
            return path
    return None


def _candidates(wanted: Entry) -> Iterator[Path]:
    """The paths at which an entry may be; their names are the manifest's, never a request's."""
    own = PurePosixPath(wanted.save_as)
    names = [own, *(folder / source.name for source in wanted.sources for folder in (PurePosixPath(), own.parent))]
    return (models_folder().joinpath(*name.parts) for name in dict.fromkeys(names))


def require(key: str) -> Path:
    """The file or folder of the weights called ``key``; raises WeightsError, with the next step, when it is missing."""
    found = find(key)
    if found is None:
        raise WeightsError(f"{entry(key).title} is missing. {how_to_get(key)}")
    if found.is_file() and check_quickly(found) == "changed":
        logger.warning("%s is not the file that was downloaded. %s.", found, next_steps().verify())
    return found


def how_to_get(key: str) -> str:
    """The step that downloads ``key``, the way by hand, and a link in its place that leads nowhere, if there is one."""
    wanted = entry(key)
    dangling = [path for path in _candidates(wanted) if path.is_symlink() and not path.exists()]
    links = "".join(f"{path} is a link to nothing; mend or remove it. " for path in dangling)
    kind = "folder" if wanted.folder else "file"
    first = wanted.sources[0]
    return links + (
        f"{next_steps().download(key, wanted.title)}, or put the {kind} {first.name} from {source_page(first)} "
        f"into {models_folder()}."
    )


def verify(keys: list[str] | None = None, *, report: Callable[[int, int], bool] | None = None) -> list[Finding]:
    """The state of every file of the entries (None: of all that are there), by hashing it.

    ``report(done, total)`` gets the bytes read after every piece; when it returns False, Cancelled is raised.
    """
    records, findings = read_lock(), []
    progress = _HashProgress(report, _recorded_bytes(keys, records))
    for key in keys if keys is not None else list(manifest()):
        found = find(key)
        if found is None:
            if keys is not None or any(_belongs(name, entry(key)) for name in records):
                findings.append(Finding(key, target(entry(key)), "missing"))
            continue
        files = sorted(p for p in found.rglob("*") if p.is_file()) if found.is_dir() else [found]
        for file in files:
            record = records.get(record_name(file))
            state: State = "unknown"
            if record is not None:
                state = "right" if sha256_of(file, progress.add) == record.sha256 else "changed"
            findings.append(Finding(key, file, state))
        present = {record_name(file) for file in files}
        gone = [name for name in records if _belongs(name, entry(key)) and name not in present]
        findings += [Finding(key, models_folder() / name, "missing") for name in gone]
    return findings


class _HashProgress:
    """Counts bytes and reports them; raises Cancelled when the report asks to stop."""

    def __init__(self, report: Callable[[int, int], bool] | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def add(self, count: int) -> None:
        self._done += count
        if self._report is not None and not self._report(self._done, self._total):
            raise Cancelled(f"Stopped after {self._done / 1e6:.0f} MB; nothing was changed.")


def _recorded_bytes(keys: list[str] | None, records: Mapping[str, Record]) -> int:
    """Bytes of the files that are there and have a record."""
    found = [path for key in (keys if keys is not None else manifest()) if (path := find(key)) is not None]
    files = (file for path in found for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
    return sum(file.stat().st_size for file in files if record_name(file) in records)


def leftovers() -> list[Path]:
    """Temporary files and folders in the models folder that interrupted downloads left."""
    root = models_folder()
    found = {path for pattern in _LEFTOVER_PATTERNS for path in root.rglob(pattern)} if root.is_dir() else set()
    return sorted(path for path in found if not path.is_symlink() and not any(p in found for p in path.parents))


def _belongs(name: str, wanted: Entry) -> bool:
    return name == wanted.save_as or name.startswith(f"{wanted.save_as}/")
