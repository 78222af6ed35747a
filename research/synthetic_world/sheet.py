"""A sheet of the world: rows are people, columns are scenes and circumstances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.synthetic_world.people import person
from research.synthetic_world.render import SIDE, render
from research.synthetic_world.scenes import nuisance, scene

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels


def world_sheet(*, people: int = 8, columns: int = 10, seed: int = 0, side: int = SIDE) -> Pixels:
    """uint8 [people * side, columns * side, 3]; all rows share their columns' scenes and circumstances."""
    rows = []
    for who in range(people):
        pictures = [
            render(person(seed + who), scene(seed + column), nuisance(seed + column), side=side).pixels
            for column in range(columns)
        ]
        rows.append(np.concatenate(pictures, axis=1))
    return np.concatenate(rows)
