"""Files that appear under their name only when they are whole: written beside it, flushed to the disk, renamed."""

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
    """A place beside ``path`` to write to; it becomes ``path`` when the block ends well and is removed when it fails.

    Makes the folder. What was at ``path`` stays until then, also when the process is killed or the power fails. With
    ``new`` nothing at ``path`` is ever replaced: raises FileExistsError, before the block where it is there already,
    after it where another process was faster. Raises OSError as writing, flushing and renaming do.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file is where the folder should be; not to be mistaken for a name taken
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
    """Give ``part`` the name ``path`` unless something has it; raises FileExistsError then."""
    try:
        os.link(part, path)  # renaming would replace what another process has just put there
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without links (FAT, some network drives)
        with path.open("xb"):
            pass
        part.replace(path)


def temporary_path(path: Path) -> Path:
    """Where this thread writes what becomes ``path``: a short name whatever the length of the other."""
    return path.with_name(f"{_mark(path)}.{os.getpid()}.{threading.get_ident()}.part")


def remove_temporary_files(path: Path) -> None:
    """Remove what killed writers of ``path`` left."""
    for part in path.parent.glob(f"{_mark(path)}.*.part"):
        part.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the disk keep the bytes of a file before it is renamed; raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _mark(path: Path) -> str:
    return hashlib.sha256(path.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
