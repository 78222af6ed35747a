"""An oversampled canvas with exact masks, and the projection of a three-dimensional head onto it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from research.synthetic_world.people import Colour

    Outline = NDArray[np.float64]
    """Points [n, 2] or, with their depth, [n, 3], in head units: 1 is half the height of the face, y downwards."""

_SHIFT = 4
"""Fractional bits of the coordinates that OpenCV gets."""


class HeadView:
    """Projects points of the head into the picture.

    The head is an ellipsoid of half axes ``width``, 1 and ``width``; points without a depth lie on its front. Angles
    are radians; ``scale`` is pixels for one head unit, ``centre`` the pixel of the head's middle.
    """

    def __init__(
        self, *, width: float, scale: float, centre: tuple[float, float], yaw: float, pitch: float, roll: float
    ) -> None:
        self.width, self.scale, self.centre = width, scale, centre
        cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
        cr, sr = math.cos(roll), math.sin(roll)
        turned = np.array([(1, 0, 0), (0, cp, -sp), (0, sp, cp)]) @ np.array([(cy, 0, sy), (0, 1, 0), (-sy, 0, cy)])
        self._matrix = (np.array([(cr, -sr), (sr, cr)]) @ turned[:2]) * scale

    def __call__(self, outline: Outline, *, depth: float | None = None) -> NDArray[np.float64]:
        """Pixels [n, 2] of an outline; ``depth`` puts all points at one depth instead of on the ellipsoid."""
        if outline.shape[1] == 2:
            if depth is None:
                rest = 1.0 - (outline[:, 0] / self.width) ** 2 - outline[:, 1] ** 2 / 1.3
                z = self.width * np.sqrt(np.clip(rest, 0.0, 1.0))
            else:
                z = np.full(len(outline), depth)
            outline = np.column_stack([outline, z])
        pixels: NDArray[np.float64] = outline @ self._matrix.T + self.centre
        return pixels


class Canvas:
    """An RGB picture uint8 [side, side, 3] with masks of face, head and person."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.pixels = np.zeros((side, side, 3), np.uint8)
        self.masks = {name: np.zeros((side, side), np.uint8) for name in ("face", "head", "person")}

    def fill(self, points: NDArray[np.float64], colour: Colour, *marks: str, clears: Sequence[str] = ()) -> None:
        """Fill a polygon [n, 2] in pixels; add it to the masks ``marks`` and remove it from ``clears``."""
        corners = np.round(points * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(self.pixels, [corners], colour, cv2.LINE_AA, _SHIFT)
        for name in marks:
            cv2.fillPoly(self.masks[name], [corners], (255,), cv2.LINE_8, _SHIFT)
        for name in clears:
            cv2.fillPoly(self.masks[name], [corners], (0,), cv2.LINE_8, _SHIFT)

    def line(self, points: NDArray[np.float64], colour: Colour, thickness: float, *marks: str) -> None:
        """Draw an open line through points [n, 2], ``thickness`` in pixels."""
        corners = np.round(points * (1 << _SHIFT)).astype(np.int32)
        width = max(round(thickness), 1)
        cv2.polylines(
            self.pixels, [corners], isClosed=False, color=colour, thickness=width, lineType=cv2.LINE_AA, shift=_SHIFT
        )
        for name in marks:
            cv2.polylines(
                self.masks[name],
                [corners],
                isClosed=False,
                color=(255,),
                thickness=width,
                lineType=cv2.LINE_8,
                shift=_SHIFT,
            )


def ellipse(x: float, y: float, width: float, height: float, *, tilt: float = 0.0, points: int = 20) -> Outline:
    """An ellipse [points, 2] around (x, y) with half axes ``width`` and ``height``, turned by ``tilt`` radians."""
    angles = np.linspace(0, 2 * math.pi, points, endpoint=False)
    across, down = width * np.cos(angles), height * np.sin(angles)
    cos, sin = math.cos(tilt), math.sin(tilt)
    return np.column_stack([x + across * cos - down * sin, y + across * sin + down * cos])


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter."""
    red, green, blue = (min(max(value * factor, 0.0), 255.0) for value in colour)
    return red, green, blue


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """``part`` of ``b`` mixed into ``a``."""
    red, green, blue = (x + part * (y - x) for x, y in zip(a, b, strict=True))
    return red, green, blue
