"""Pictures of the measured people side by side: a photo, then one picture of every way of drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.training.adapter.sampling import picture_grid
from research.person_lora.cell import ARMS, drawn_file
from research.person_lora.locator import SIDE
from research.person_lora.people import examples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from research.person_lora.cell import Cell

SHEET = "person-lora.jpg"
SHOWN = 6
"""The sheet's name in the documents, and people on it; of each the first photo and the first picture of every way."""
_ENLARGED = 2
"""The tiny models' pictures are shown so many times as large."""


def write_sheet(path: Path, work: Path, cells: Sequence[Cell]) -> bool:
    """Write the sheet of the first measured people as JPEG; False, and no file, where their pictures are not kept.

    ``cells`` are of one number of pictures and all have the same arms; ``work`` is where their pictures are.
    """
    shown = sorted(cells, key=lambda one: one.person)[:SHOWN]
    arms = [arm for arm in ARMS if all(arm in one.scores for one in shown)]
    files = {arm: [drawn_file(work, one.person, one.pictures, arm) for one in shown] for arm in arms}
    if not shown or not all(file.is_file() for row in files.values() for file in row):
        return False
    columns = [[examples(one.person, 1)[0].pixels for one in shown]]
    columns += [[np.asarray(Image.open(file).convert("RGB"))[:, :SIDE] for file in row] for row in files.values()]
    picture_grid(columns, ["a photo", *arms], _ENLARGED * SIDE).save(path, quality=90)
    return True
