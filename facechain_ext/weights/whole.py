"""Files that appear under their name only when they are whole: written beside it, flushed to the disk, renamed."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to; it becomes ``path`` when the block ends well and is removed when it fails.

    Makes the folder. What was at ``path`` stays until then, also when the process is killed or the power fails. Raises
    OSError as writing, flushing and renaming do.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    try:
        yield part
        flush(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """Where this thread writes what becomes ``path``: a short name whatever the length of the other."""
    return path.with_name(f"{_mark(path)}.{os.getpid()}.{threading.get_ident()}.part")


def forget_parts(path: Path) -> None:
    """Remove what killed writers of ``path`` left."""
    for part in path.parent.glob(f"{_mark(path)}.*.part"):
        part.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the disk keep the bytes of a file before it is renamed; raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _mark(path: Path) -> str:
    return hashlib.sha256(path.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
