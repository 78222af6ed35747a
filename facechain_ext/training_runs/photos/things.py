"""Photos of an object or an outfit into training squares; no face is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError
from facechain_ext.training_runs.photos.crop import MAX_SIDE
from facechain_ext.training_runs.photos.decision import PhotoDecision
from facechain_ext.training_runs.photos.describe import describe_square
from facechain_ext.training_runs.photos.prepare import read_photos
from facechain_ext.training_runs.pictures import CaptionRow, centre_square, read_table, write_png, write_table
from facechain_ext.training_runs.presets import MAX_PHOTOS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Pixels


def prepare_thing(
    photos: Sequence[Path], out: Path, trigger: str, *, caption: Callable[[Pixels], str] | None = None
) -> list[PhotoDecision]:
    """The middle square of every photo into ``out``, with a table of captions; one decision each.

    Words and decisions that the user wrote there stay. Raises PhotoError for more than 20 photos, or none that can be
    read.
    """
    if not 1 <= len(photos) <= MAX_PHOTOS:
        raise PhotoError(f"There are {len(photos)} photos; a thing is learned from 1 to {MAX_PHOTOS}.")
    out.mkdir(parents=True, exist_ok=True)
    saved = {row.file: row for row in read_table(out)}
    rows, decisions = [], []
    for decision, picture in read_photos(photos):
        decisions.append(decision)
        if picture is None or decision.reason:
            continue
        side = min(picture.width, picture.height, MAX_SIDE)
        square = centre_square(picture.pixels, side)
        write_png(out / decision.file, square)
        decisions[-1] = PhotoDecision(decision.source, decision.digest, decision.file, use=True)
        row = saved.get(decision.file)
        if row is None:
            words = caption(square) if caption is not None else describe_square(None, (0, 0, side), square)
            row = CaptionRow(decision.file, use=True, caption=", ".join(filter(None, (trigger, words))))
        rows.append(row)
    if not rows:
        raise PhotoError("None of the photos can be read. " + " ".join(one.reason for one in decisions))
    write_table(out, rows)
    return decisions
