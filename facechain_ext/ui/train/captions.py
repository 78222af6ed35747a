"""Training pictures of a style and their captions, as the page adds and edits them."""

from __future__ import annotations

import filecmp
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    from collections.abc import Callable, Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training_runs.pictures import CaptionRow


def add_pictures(
    request: TrainRequest, pictures: Sequence[tuple[Path, str]], caption: Callable[[Pixels], str] | None = None
) -> tuple[list[CaptionRow], list[str]]:
    """Copy uploaded pictures (path, name) into the training's folder; returns its captions and the rejections.

    Nothing is overwritten: a picture whose name is taken gets a number; an identical picture is not copied again.
    """
    request.pictures.mkdir(parents=True, exist_ok=True)
    problems = [problem for path, name in pictures if (problem := copy_picture(path, Path(name), request.pictures))]
    rows = load_captions(request, caption)
    return rows, problems + [row.problem for row in rows if row.problem]


def copy_picture(path: Path, name: Path, folder: Path) -> str:
    """Copy one picture under a free name; returns why it cannot be used, or ""."""
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        return f"{name.name} is a file that no style is learned from; save it as JPEG, PNG or WebP."
    try:
        read_picture(path, name=name.name)
    except PhotoError as error:
        return str(error)
    if any(filecmp.cmp(path, present, shallow=False) for present in picture_files(folder)):
        return ""
    stem = key_of(name.stem)
    free, number = folder / f"{stem}{suffix}", 2
    while free.exists():
        free, number = folder / f"{stem}-{number}{suffix}", number + 1
    shutil.copyfile(path, free)
    return ""


def load_captions(request: TrainRequest, caption: Callable[[Pixels], str] | None = None) -> list[CaptionRow]:
    """The captions of the training's pictures; missing ones are created by ``caption`` and written.

    Empty without pictures.
    Rows of missing pictures are removed, because the page offers no other way to do so.
    """
    files = {path.name for path in picture_files(request.pictures)} if request.pictures.is_dir() else set()
    if not files:
        return []
    saved = read_table(request.pictures)
    present = [row for row in saved if row.file in files]
    if present != saved:
        write_table(request.pictures, present)
    return caption_table(request.pictures, request.trigger, caption)


def saved_captions(name: str) -> list[CaptionRow]:
    """The saved captions of an existing training; empty for any other name."""
    return read_table(TrainRequest(name, "", Path()).pictures) if name.strip() else []


def save_edited_captions(name: str, rows: Sequence[Sequence[str]]) -> None:
    """Write the page's rows (file, yes or no, caption) into the captions of a style; only those of its own files."""
    edited = {file: (is_used(use), caption) for file, use, caption in rows}
    saved = saved_captions(name)
    known = {row.file: (row.use, row.caption) for row in saved} | edited
    changed = [replace(row, use=known[row.file][0], caption=known[row.file][1]) for row in saved]
    if changed != saved:
        write_table(TrainRequest(name, "", Path()).pictures, changed)


def same_style(one: str, other: str) -> bool:
    """Whether two names denote the same training."""
    return bool(one.strip() and other.strip()) and key_of(one.strip()) == key_of(other.strip())
