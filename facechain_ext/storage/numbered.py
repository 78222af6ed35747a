"""Numbered files: each new one under the next free number, none overwritten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from pathlib import Path


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """The path with the number after the highest existing ``stem-0001`` and on."""
    ours = re.compile(re.escape(f"{stem}-") + "([0-9]{1,9})" + re.escape(suffix), re.IGNORECASE)
    found = (ours.fullmatch(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    numbers = (int(match[1]) for match in found if match)
    return folder / f"{stem}-{max(numbers, default=0) + 1:04d}{suffix}"


def write_numbered(folder: Path, stem: str, suffix: str, content: bytes) -> Path:
    """Write a file atomically under the next free number; safe with several processes in one folder.

    The folder is made where it is missing. Raises OSError when it cannot be written.
    """
    while True:
        path = free_path(folder, stem, suffix)
        try:
            with atomic_write(path, new=True) as part:
                part.write_bytes(content)
        except FileExistsError:  # another process has taken this number meanwhile
            continue
        return path
