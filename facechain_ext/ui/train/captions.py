"""The pictures that a style is learned from and their captions, as the page shows and changes them."""

from __future__ import annotations

import filecmp
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.styles import key_of
from facechain_ext.training_runs.pictures import (
    PICTURE_SUFFIXES,
    caption_table,
    is_used,
    picture_files,
    read_table,
    write_table,
)
from facechain_ext.ui.train.request import TrainRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.training_runs.pictures import Captioned


def collect(wish: TrainRequest, pictures: Sequence[tuple[Path, str]]) -> tuple[list[Captioned], list[str]]:
    """Copy uploaded pictures (path, name) into the training's folder; its captions, and why pictures were left out.

    Nothing that is there is overwritten: a picture of a known name gets a number, one that is there is not copied.
    """
    wish.pictures.mkdir(parents=True, exist_ok=True)
    problems = [problem for path, name in pictures if (problem := _copy(path, Path(name), wish.pictures))]
    rows = captions(wish)
    return rows, problems + [row.problem for row in rows if row.problem]


def _copy(path: Path, name: Path, folder: Path) -> str:
    """Copy one picture under a free name; why it cannot be learned from, or ""."""
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        return f"{name.name} is a file that no style is learned from; save it as JPEG, PNG or WebP."
    try:
        read_picture(path, name=name.name)
    except PhotoError as error:
        return str(error)
    if any(filecmp.cmp(path, there, shallow=False) for there in picture_files(folder)):
        return ""
    stem = key_of(name.stem)
    free, number = folder / f"{stem}{suffix}", 2
    while free.exists():
        free, number = folder / f"{stem}-{number}{suffix}", number + 1
    shutil.copyfile(path, free)
    return ""


def captions(wish: TrainRequest) -> list[Captioned]:
    """The captions of the pictures in the training's folder, made where they lack and written; none without pictures.

    Rows of pictures that are gone are taken out: a page has no other way to do it.
    """
    files = {path.name for path in picture_files(wish.pictures)} if wish.pictures.is_dir() else set()
    if not files:
        return []
    known = read_table(wish.pictures)
    there = [row for row in known if row.file in files]
    if there != known:
        write_table(wish.pictures, there)
    return caption_table(wish.pictures, wish.trigger)


def shown(name: str) -> list[Captioned]:
    """The captions of a style that was begun, as they were written; none of any other name."""
    return read_table(TrainRequest(name, "", Path()).pictures) if name.strip() else []


def keep(name: str, cells: Sequence[Sequence[Any]]) -> None:
    """Write what was edited on the page (file, use, caption) into the captions of a style.

    Only rows that are in both change: the empty table of a page that was just opened changes nothing.
    """
    edited = {str(row[0]): row for row in cells}
    known = shown(name)
    rows = [_edited(row, edited[row.file]) if row.file in edited else row for row in known]
    if rows != known:
        write_table(TrainRequest(name, "", Path()).pictures, rows)


def _edited(row: Captioned, cells: Sequence[Any]) -> Captioned:
    """A row of the captions with what the page has in its cells; what was emptied there may come as None or NaN."""
    use, caption = (cell if isinstance(cell, str) else "" for cell in cells[1:3])
    return replace(row, use=is_used(use), caption=caption)


def same_style(one: str, other: str) -> bool:
    """Whether two names mean the same training."""
    return bool(one.strip() and other.strip()) and key_of(one.strip()) == key_of(other.strip())
