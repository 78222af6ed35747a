"""Training pictures and their captions in a CSV table that the user edits."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.faces.types import Pixels

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
"""File name suffixes of pictures."""
TABLE = "captions.csv"
MIN_PICTURES, MAX_PICTURES = 5, 50
"""Number of pictures of a style training: fewer overfit, more need another kind of training."""
_COLUMNS = ("file", "use", "caption", "problem")


@dataclass(frozen=True)
class CaptionRow:
    """One line of the table: ``file`` name, whether to ``use`` it, its ``caption``, and a ``problem`` or ""."""

    file: str
    use: bool
    caption: str
    problem: str = ""


def caption_table(folder: Path, trigger: str, caption: Callable[[Pixels], str] | None = None) -> list[CaptionRow]:
    """The table of a folder's pictures, read from ``captions.csv`` or made and written there.

    A new picture gets the text of the ``.txt`` beside it after the ``trigger``; without one, what ``caption`` says of
    it, and without that the name of its file in words, which the user should put right: then nothing has looked at the
    picture. Pictures that cannot be read are in the table with the reason and are not used. Raises PhotoError when a
    line names a file that is gone or the folder has no pictures.
    """
    if not folder.is_dir():
        raise PhotoError(f"There is no folder {folder}; check the path of the pictures.")
    files = picture_files(folder)
    if not files:
        raise PhotoError(f"{folder} has no pictures; put {MIN_PICTURES} to {MAX_PICTURES} of the style into it.")
    saved = {row.file: row for row in read_table(folder)}
    missing = sorted(saved.keys() - {path.name for path in files})
    if missing:
        raise PhotoError(
            f"{TABLE} names {', '.join(missing)}, not in {folder}; take the line out, or bring the file back."
        )
    rows = [saved.get(path.name) or _new_row(path, trigger, caption) for path in files]
    if any(path.name not in saved for path in files):
        write_table(folder, rows)
    return rows


def picture_files(folder: Path) -> list[Path]:
    """The picture files of a folder, by their suffixes, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)


def is_used(word: str) -> bool:
    """Whether a cell of the column "use" means yes."""
    return word.strip().lower() not in {"no", "0", "false", ""}


def read_table(folder: Path) -> list[CaptionRow]:
    """The table as it was written; no rows where there is none.

    Raises PhotoError when it lacks a column, or was saved as something else than a table in UTF-8.
    """
    path = folder / TABLE
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (ValueError, csv.Error) as error:  # spreadsheets save in the system's own encoding unless told otherwise
        raise PhotoError(f"{path} is no table in UTF-8 ({error}); save it as CSV in UTF-8.") from error
    if rows and not {"file", "caption"} <= rows[0].keys():
        raise PhotoError(f"{path} lacks the columns file and caption; delete it, and it is made again.")
    return [
        CaptionRow(row["file"], is_used(row.get("use") or "yes"), row["caption"] or "", row.get("problem") or "")
        for row in rows
    ]


def write_table(folder: Path, rows: list[CaptionRow]) -> Path:
    """Write the table atomically."""
    path = folder / TABLE
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows((row.file, "yes" if row.use else "no", row.caption, row.problem) for row in rows)
    return path


def training_examples(
    folder: Path,
    rows: list[CaptionRow],
    size: int,
    *,
    what: str = "a style",
    counts: tuple[int, int] = (MIN_PICTURES, MAX_PICTURES),
) -> list[tuple[Pixels, str]]:
    """The squares [size, size, 3] and captions of the rows that are used.

    Raises PhotoError when there are fewer or more of them than ``counts`` allow, by default 5 to 50, or one cannot be
    read.
    """
    used = [row for row in rows if row.use]
    least, most = counts
    if not least <= len(used) <= most:
        problems = "; ".join(f"{row.file}: {row.problem}" for row in rows if row.problem)
        more = f" Not used: {problems}" if problems else ""
        raise PhotoError(f"{len(used)} pictures can be used; {what} is learned from {least} to {most}.{more}")
    return [(centre_square(read_picture(folder / row.file).pixels, size), row.caption) for row in used]


def centre_square(pixels: Pixels, size: int) -> Pixels:
    """The middle of a picture [size, size, 3]; of a tall one a square nearer the top, where heads are."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 4, (width - side) // 2
    temporary = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    square: Pixels = cv2.resize(
        temporary, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    )
    return square


def _new_row(path: Path, trigger: str, caption: Callable[[Pixels], str] | None) -> CaptionRow:
    try:
        pixels = read_picture(path).pixels
    except PhotoError as error:
        return CaptionRow(path.name, use=False, caption="", problem=str(error))
    caption_file = path.with_suffix(".txt")
    if caption_file.is_file():
        text = caption_file.read_text(encoding="utf-8", errors="replace")
    else:
        text = caption(pixels) if caption is not None else _words_of_file_name(path.stem)
    return CaptionRow(path.name, use=True, caption=", ".join(filter(None, (trigger, " ".join(text.split())))))


def _words_of_file_name(stem: str) -> str:
    """The words of a file's name, without the numbers and the codes that cameras and programs put there."""
    parts = (part.strip("0123456789") for part in re.split(r"[\W_]+", stem))
    return " ".join(part for part in parts if part.isalpha())


def write_png(path: Path, pixels: Pixels) -> None:
    """Write RGB or grey pixels atomically as PNG; raises OSError when that fails."""
    channels = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    good, data = cv2.imencode(".png", channels)
    if not good:
        raise OSError(f"{path.name} cannot be written as PNG")
    with atomic_write(path) as part:
        part.write_bytes(data.tobytes())
