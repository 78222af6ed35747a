"""Atomic writes: a file is written under a temporary name, flushed to the disk, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def atomic_write(path: Path, *, new: bool = False) -> Iterator[Path]:
    """The temporary path to write to in the block; it is renamed to ``path`` at its end and removed when it raises.

    Makes the folder. The old file at ``path`` stays until then, also when the process is killed or the power fails.
    With ``new`` nothing at ``path`` is ever replaced: raises FileExistsError before the block when a file is there, and
    after it when another process wrote one meanwhile. Raises OSError as writing, flushing and renaming do.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file in place of the folder; not the FileExistsError of ``new``
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
    if new and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    part = temporary_path(path)
    try:
        yield part
        flush(part)
        if new:
            _publish_new(part, path)
        else:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _publish_new(part: Path, path: Path) -> None:
    """Rename ``part`` to ``path``; raises FileExistsError when something is there."""
    try:
        os.link(part, path)  # a rename would replace what another process wrote meanwhile
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without links (FAT, some network drives)
        with path.open("xb"):
            pass
        part.replace(path)


def temporary_path(path: Path) -> Path:
    """The path, unique to this thread, under which ``path`` is written; short whatever the length of its name."""
    return path.with_name(f"{_name_digest(path)}.{os.getpid()}.{threading.get_ident()}.part")


def remove_temporary_files(path: Path) -> None:
    """Remove the temporary files that killed writers of ``path`` left."""
    for part in path.parent.glob(f"{_name_digest(path)}.*.part"):
        part.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Flush a file's bytes to the disk (fsync), as is needed before a rename; raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _name_digest(path: Path) -> str:
    return hashlib.sha256(path.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
