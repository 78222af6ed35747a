"""Writing pictures without overwriting any."""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.recipes.job import Portrait


def save_portraits(portraits: Sequence[Portrait], folder: Path, *, stem: str = "portrait") -> list[Path]:
    """Write each picture as PNG with its settings inside, ``portrait-0001.png`` and on; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [save_picture(one.picture, folder, stem=stem, infotext=one.infotext) for one in portraits]


def save_picture(picture: Image.Image, folder: Path, *, stem: str, infotext: str = "") -> Path:
    """Write one PNG atomically under the next free number; safe with several processes in one folder.

    Raises OSError when it cannot be written.
    """
    from facechain_ext.recipes.labelling import encode_png
    from facechain_ext.storage.atomic_write import atomic_write

    content = encode_png(picture, infotext)
    while True:
        path = free_path(folder, stem, ".png")
        try:
            with atomic_write(path, new=True) as part:
                part.write_bytes(content)
        except FileExistsError:  # another process has taken this number meanwhile
            continue
        return path


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """The path with the number after the highest existing ``stem-0001`` and on."""
    ours = re.compile(re.escape(f"{stem}-") + "([0-9]{1,9})" + re.escape(suffix), re.IGNORECASE)
    found = (ours.fullmatch(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    numbers = (int(match[1]) for match in found if match)
    return folder / f"{stem}-{max(numbers, default=0) + 1:04d}{suffix}"


def prepare_folder(folder: Path) -> None:
    """Create ``folder`` and check that it is writable; raises InputError with the reason."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"The folder {folder} cannot be written ({reason}). Choose another with --out.") from error


def check_new_file(file: Path) -> None:
    """Check that ``file`` does not exist and its folder is writable; raises InputError with the reason."""
    if os.path.lexists(file):
        raise InputError(f"{file} exists already and is not overwritten. Choose another name.")
    prepare_folder(file.parent)
