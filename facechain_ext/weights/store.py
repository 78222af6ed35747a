"""What is in the models folder: finding files, remembering their digests, noticing changes."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from facechain_ext.errors import WeightsError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.paths import safe_child
from facechain_ext.weights.folders import models_folder
from facechain_ext.weights.hubs import page
from facechain_ext.weights.manifest import Entry, entry, manifest
from facechain_ext.weights.transfer import PullCancelledError, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

logger = logging.getLogger(__name__)

LOCK_FILE = "facechain.lock.json"
"""Remembers every downloaded file; below the models folder."""
State = Literal["right", "changed", "missing", "unknown"]
_STATES: dict[State, str] = {
    "right": "is as it was downloaded",
    "changed": "has changed since it was downloaded",
    "missing": "is missing",
    "unknown": "was put here by hand, so there is nothing to compare it with",
}


@dataclass(frozen=True)
class Record:
    """What is remembered of a file: its sha256, size in bytes, when it was last written, and where it came from."""

    sha256: str
    size: int
    modified_ns: int
    source: str


@dataclass(frozen=True)
class Finding:
    """The state of one file: ``unknown`` means that it was not downloaded by us, so there is nothing to compare."""

    key: str
    path: Path
    state: State

    def __str__(self) -> str:
        return f"{self.key}: {self.path.name} {self.words}."

    @property
    def words(self) -> str:
        """The state as the end of a sentence about the file."""
        return _STATES[self.state]


def target(wanted: Entry) -> Path:
    """Where the files of an entry belong; raises WeightsError when a link leads out of the models folder."""
    return safe_child(models_folder(), wanted.save_as)


def find(key: str) -> Path | None:
    """The file or folder of the weights called ``key``, or None when it is not there.

    Besides its own place, a file under its original name is found in the models folder, since that is where we ask
    users to put it by hand. A link that leads out of the models folder is not followed; ``how_to_get`` says so. Raises
    WeightsError for a key that the manifest does not have.
    """
    wanted = entry(key)
    for place, _ in _places(wanted):
        if place is not None and (place.is_dir() if wanted.folder else place.is_file()):
            return place
    return None


def _places(wanted: Entry) -> Iterator[tuple[Path | None, str]]:
    """Where the files of an entry may be; None and the reason for a place that a link leads away from."""
    own = PurePosixPath(wanted.save_as)
    names = [own, *(folder / source.name for source in wanted.sources for folder in (PurePosixPath(), own.parent))]
    return (_place(name.as_posix()) for name in dict.fromkeys(names))


def _place(name: str) -> tuple[Path | None, str]:
    try:
        return safe_child(models_folder(), name), ""
    except WeightsError as error:
        return None, str(error)


def require(key: str) -> Path:
    """The file or folder of the weights called ``key``; raises WeightsError that says how to get it."""
    found = find(key)
    if found is None:
        raise WeightsError(f"{entry(key).title} is missing. {how_to_get(key)}")
    if found.is_file() and check_quickly(found) == "changed":
        logger.warning("%s is not the file that was downloaded. %s.", found, next_steps().verify())
    return found


def how_to_get(key: str) -> str:
    """The step that gets it here, or the file by hand; and the link in the way, where there is one."""
    wanted = entry(key)
    away = "".join(f"{reason} " for reason in dict.fromkeys(why for _, why in _places(wanted)) if reason)
    kind = "folder" if wanted.folder else "file"
    first = wanted.sources[0]
    return away + (
        f"{next_steps().download(key, wanted.title)}, or put the {kind} {first.name} from {page(first)} "
        f"into {models_folder()}."
    )


def read_lock() -> dict[str, Record]:
    """The remembered files by path below the models folder; raises WeightsError when the lock file is damaged."""
    path = models_folder() / LOCK_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {name: Record(**fields) for name, fields in raw["files"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read ({error}). Delete it. {next_steps().verify()}.") from error


def remember(paths: dict[Path, str], source: str) -> None:
    """Add files with their sha256 to the lock file, which is replaced in one step."""
    with _alone():
        files = read_lock()
        for path, digest in paths.items():
            state = path.stat()
            files[_name(path)] = Record(digest, state.st_size, state.st_mtime_ns, source)
        _write(files)


def forget(paths: list[Path]) -> None:
    """Take files off the lock file."""
    names = {_name(path) for path in paths}
    with _alone():
        _write({name: record for name, record in read_lock().items() if name not in names})


def check_quickly(path: Path) -> State:
    """Whether a file still has the size and time that are remembered; no bytes are read."""
    record = read_lock().get(_name(path))
    if record is None:
        return "unknown"
    state = path.stat()
    same = (state.st_size, state.st_mtime_ns) == (record.size, record.modified_ns)
    return "right" if same else "changed"


def verify(keys: list[str] | None = None, *, report: Callable[[int, int], bool] | None = None) -> list[Finding]:
    """The state of every file of the entries (None: all that are there), by reading all of it.

    ``report(bytes, all bytes)`` is told after every piece; when it gives False, PullCancelledError is raised.
    """
    known, findings = read_lock(), []
    reading = _Reading(report, _bytes_to_read(keys, known))
    for key in keys if keys is not None else list(manifest()):
        found = find(key)
        if found is None:
            if keys is not None or any(_belongs(name, entry(key)) for name in known):
                findings.append(Finding(key, target(entry(key)), "missing"))
            continue
        files = sorted(p for p in found.rglob("*") if p.is_file()) if found.is_dir() else [found]
        for file in files:
            record = known.get(_name(file))
            state: State = "unknown"
            if record is not None:
                state = "right" if sha256_of(file, reading.add) == record.sha256 else "changed"
            findings.append(Finding(key, file, state))
        present = {_name(file) for file in files}
        gone = [name for name in known if _belongs(name, entry(key)) and name not in present]
        findings += [Finding(key, models_folder() / name, "missing") for name in gone]
    return findings


class _Reading:
    """How many bytes of all were read."""

    def __init__(self, report: Callable[[int, int], bool] | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def add(self, count: int) -> None:
        self._done += count
        if self._report is not None and not self._report(self._done, self._total):
            raise PullCancelledError(f"Stopped after {self._done / 1e6:.0f} MB; nothing was changed.")


def _bytes_to_read(keys: list[str] | None, known: dict[str, Record]) -> int:
    """Bytes of the files that are there and that are remembered."""
    found = [path for key in (keys if keys is not None else manifest()) if (path := find(key)) is not None]
    files = (file for path in found for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
    return sum(file.stat().st_size for file in files if _name(file) in known)


def leftovers() -> list[Path]:
    """Parts of downloads that were broken off, and other files that only we make and nobody needs any more."""
    root = models_folder()
    endings = ("*.part", "*.part.json", "*.raw", "*.writing")
    found = {path for ending in endings for path in root.rglob(ending)} if root.is_dir() else set()
    return sorted(path for path in found if not path.is_symlink() and not any(p in found for p in path.parents))


def _belongs(name: str, wanted: Entry) -> bool:
    return name == wanted.save_as or name.startswith(f"{wanted.save_as}/")


def _name(path: Path) -> str:
    root = models_folder().resolve()
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else resolved.as_posix()


def _alone() -> AbstractContextManager[object]:
    from filelock import FileLock  # noqa: PLC0415 - comes with torch; only downloads need it

    models_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(models_folder() / f".{LOCK_FILE}.lock", timeout=10)


def _write(files: dict[str, Record]) -> None:
    path = models_folder() / LOCK_FILE
    text = json.dumps({"files": {name: asdict(record) for name, record in sorted(files.items())}}, indent=1)
    with atomic_write(path) as part:
        part.write_text(text + "\n", encoding="utf-8")
