"""The lock file: digest, size and source of every downloaded file, to notice changes later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from facechain_ext.errors import WeightsError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.file_lock import file_lock
from facechain_ext.weights.folders import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

LOCK_FILE = "facechain.lock.json"
"""Its name below the models folder."""
CHUNK = 2**20
"""Bytes that are read or received between two reports of progress."""
State = Literal["right", "changed", "missing", "unknown"]
"""Of a file compared with its record; ``unknown`` where there is no record."""


@dataclass(frozen=True)
class Record:
    """A file as it was downloaded: its sha256 (hexadecimal), size in bytes, time of change and source."""

    sha256: str
    size: int
    modified_ns: int
    source: str


def read_lock() -> dict[str, Record]:
    """The records by path below the models folder; raises WeightsError when the lock file is damaged."""
    path = models_folder() / LOCK_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {name: Record(**fields) for name, fields in raw["files"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read ({error}). Delete it. {next_steps().verify()}.") from error


def add_records(digests: Mapping[Path, str], source: str) -> None:
    """Add files with their sha256 to the lock file, atomically; raises OSError."""
    with _write_lock():
        records = read_lock()
        for path, digest in digests.items():
            state = path.stat()
            records[record_name(path)] = Record(digest, state.st_size, state.st_mtime_ns, source)
        _write(records)


def remove_records(paths: Iterable[Path]) -> None:
    """Remove files from the lock file, atomically; raises OSError."""
    names = {record_name(path) for path in paths}
    with _write_lock():
        _write({name: record for name, record in read_lock().items() if name not in names})


def check_quickly(path: Path) -> State:
    """Whether a file still has the recorded size and time of change; its bytes are not read."""
    record = read_lock().get(record_name(path))
    if record is None:
        return "unknown"
    state = path.stat()
    same = (state.st_size, state.st_mtime_ns) == (record.size, record.modified_ns)
    return "right" if same else "changed"


def sha256_of(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """The sha256 of a file, hexadecimal; ``on_bytes`` gets the number of bytes of each piece. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if on_bytes is not None:
                on_bytes(len(chunk))
    return digest.hexdigest()


def record_name(path: Path) -> str:
    """The key of a file in the lock file: its path below the models folder, or the absolute path of one elsewhere."""
    root = models_folder().resolve()
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else resolved.as_posix()


def _write_lock() -> AbstractContextManager[None]:
    return file_lock(models_folder() / f".{LOCK_FILE}.lock")


def _write(records: Mapping[str, Record]) -> None:
    path = models_folder() / LOCK_FILE
    text = json.dumps({"files": {name: asdict(record) for name, record in sorted(records.items())}}, indent=1)
    with atomic_write(path) as part:
        part.write_text(text + "\n", encoding="utf-8")
