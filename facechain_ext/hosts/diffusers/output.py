"""Writing pictures without overwriting any."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.storage.numbered import write_numbered

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

    return write_numbered(folder, stem, ".png", encode_png(picture, infotext))


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
