"""Where the person stands, and how a part of the person is shaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb, vector

if TYPE_CHECKING:
    from research.style_pictures.canvas import Array, Canvas
    from research.style_pictures.palette import Palette

SKIN = rgb("e0ae88")


@dataclass(frozen=True)
class Person:
    """Where the parts of the person are: the middle of the head, its half axes, and the height of the shoulders."""

    x: float
    y: float
    wide: float
    high: float
    shoulders: float
    broad: float
    side: int
    """-1 when the light comes from the left, 1 from the right."""


def fill(canvas: Canvas, mask: Array, color: Color, p: Person) -> None:
    """Cover with a colour that is brighter on the side of the light."""
    part = np.clip(0.5 + p.side * (canvas.x - p.x) / 0.5, 0, 1)[..., None]
    tone = vector(lighter(color, -0.3)) * (1 - part) + vector(lighter(color, 0.16)) * part
    canvas.rgb = canvas.rgb * (1 - mask[..., None]) + tone * mask[..., None]


def volume(canvas: Canvas, mask: Array, color: Color, palette: Palette, p: Person, deep: float = 0.3) -> None:
    """Fill a shape with a colour that turns from the light side to the dark one."""
    turn = np.clip(0.5 + p.side * (canvas.x - p.x) / (2.4 * p.broad), 0, 1)[..., None]
    bright = vector(mix(lighter(color, 0.1), palette.light, 0.12))
    shadow = vector(mix(lighter(color, -deep), palette.dark, 0.14))
    canvas.rgb = canvas.rgb * (1 - mask[..., None]) + (shadow * (1 - turn) + bright * turn) * mask[..., None]
