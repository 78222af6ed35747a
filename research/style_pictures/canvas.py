"""A square picture of float colours, and the few operations that everything is drawn with.

Coordinates are fractions of the side, x to the right and y down; colours are RGB in 0..1; masks are float32 arrays of
the picture's size in 0..1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

Color = tuple[float, float, float]
Point = tuple[float, float]

_SHIFT = 4  # OpenCV draws with this many bits of a pixel's fraction


def rgb(text: str) -> Color:
    """The colour of six hexadecimal digits."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def mix(one: Color, other: Color, part: float) -> Color:
    """``one`` with ``part`` (0..1) of ``other``."""
    red, green, blue = (a + (b - a) * part for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(color: Color, part: float) -> Color:
    """Towards white by ``part``, towards black for a negative one."""
    return mix(color, (1.0, 1.0, 1.0) if part > 0 else (0.0, 0.0, 0.0), abs(part))


def vector(values: object) -> Array:
    """Numbers as an array to calculate with."""
    return np.asarray(values, np.float32)


class Canvas:
    """The picture while it is drawn; ``random`` is its own source of chance, so that a seed gives one picture."""

    def __init__(self, side: int, seed: int) -> None:
        self.side = side
        self.random = np.random.default_rng(seed)
        self.rgb: Array = np.zeros((side, side, 3), np.float32)
        rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
        self.x: Array = (columns + 0.5) / side
        self.y: Array = (rows + 0.5) / side

    def image(self, side: int) -> Image.Image:
        """The picture, made smaller to ``side`` pixels."""
        full = Image.fromarray((np.clip(self.rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
        return full.resize((side, side), Image.Resampling.LANCZOS)

    # masks
    def polygon(self, points: Sequence[Point]) -> Array:
        """The inside of a polygon."""
        mask = np.zeros((self.side, self.side), np.uint8)
        cv2.fillPoly(mask, [self._fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return vector(mask) / np.float32(255)

    def curve(self, points: Sequence[Point], *, closed: bool = True) -> Array:
        """The inside of a smooth curve through the points."""
        return self.polygon(smooth(points, closed=closed))

    def line(self, points: Sequence[Point], width: float) -> Array:
        """A line of ``width`` through the points."""
        mask = np.zeros((self.side, self.side), np.uint8)
        thick = max(round(width * self.side), 1)
        cv2.polylines(
            mask, [self._fixed(points)], isClosed=False, color=255, thickness=thick, lineType=cv2.LINE_AA, shift=_SHIFT
        )
        return vector(mask) / np.float32(255)

    def ellipse(self, x: float, y: float, wide: float, high: float, angle: float = 0.0) -> Array:
        """An ellipse with the half axes ``wide`` and ``high``, turned by ``angle`` degrees."""
        mask = np.zeros((self.side, self.side), np.uint8)
        one = self.side * 2**_SHIFT
        center, axes = (round(x * one), round(y * one)), (max(round(wide * one), 1), max(round(high * one), 1))
        cv2.ellipse(mask, center, axes, angle, 0, 360, 255, -1, cv2.LINE_AA, _SHIFT)
        return vector(mask) / np.float32(255)

    def box(self, left: float, top: float, right: float, bottom: float) -> Array:
        """A rectangle."""
        return self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)])

    def soft(self, mask: Array, radius: float) -> Array:
        """A mask, blurred."""
        blurred: Array = cv2.GaussianBlur(mask, (0, 0), max(radius * self.side, 0.3))
        return blurred

    def falloff(self, x: float, y: float, radius: float, high: float = 1.0) -> Array:
        """A round light: 1 in the middle, half at ``radius``; ``high`` stretches it upright."""
        distance = ((self.x - x) ** 2 + ((self.y - y) / high) ** 2) / radius**2
        fallen: Array = np.exp2(-distance).astype(np.float32)
        return fallen

    def noise(self, grain: float) -> Array:
        """Cloudy chance in 0..1 with lumps of about ``grain``."""
        cells = max(round(1 / grain), 2)
        coarse = self.random.random((cells, cells)).astype(np.float32)
        grown: Array = cv2.resize(coarse, (self.side, self.side), interpolation=cv2.INTER_CUBIC)
        return np.clip(grown, 0, 1)

    # painting
    def gradient(self, top: Color, bottom: Color, middle: Color | None = None) -> None:
        """Fill everything from ``top`` to ``bottom``, through ``middle`` where there is one."""
        stops = [top, middle, bottom] if middle is not None else [top, bottom]
        places = np.linspace(0, 1, len(stops))
        for channel in range(3):
            self.rgb[..., channel] = np.interp(self.y, places, [stop[channel] for stop in stops])

    def paint(self, mask: Array, color: Color, alpha: float = 1.0) -> None:
        """Cover with a colour."""
        part = (mask * alpha)[..., None]
        self.rgb = self.rgb * (1 - part) + vector(color) * part

    def shade(self, mask: Array, top: Color, bottom: Color, rows: tuple[float, float] = (0.0, 1.0)) -> None:
        """Cover with a gradient from ``top`` to ``bottom`` between two heights."""
        part = np.clip((self.y - rows[0]) / max(rows[1] - rows[0], 1e-6), 0, 1)[..., None]
        color = vector(top) * (1 - part) + vector(bottom) * part
        self.rgb = self.rgb * (1 - mask[..., None]) + color * mask[..., None]

    def light(self, mask: Array, color: Color, strength: float = 1.0) -> None:
        """Add light, which never goes beyond white."""
        self.rgb = 1 - (1 - self.rgb) * (1 - vector(color) * (mask * strength)[..., None])

    def darken(self, mask: Array, strength: float = 1.0) -> None:
        """Take light away."""
        self.rgb = self.rgb * (1 - (mask * strength)[..., None])

    def vignette(self, strength: float) -> None:
        """Darken the corners."""
        distance = np.hypot(self.x - 0.5, self.y - 0.5)
        self.darken(np.clip((distance - 0.35) / 0.4, 0, 1).astype(np.float32), strength)

    def haze(self, top: float, bottom: float, color: Color, strength: float) -> None:
        """Lay mist over a band that is densest in its middle."""
        middle, half = (top + bottom) / 2, (bottom - top) / 2
        self.paint(np.exp2(-(((self.y - middle) / half) ** 2)).astype(np.float32), color, strength)

    def _fixed(self, points: Sequence[Point]) -> NDArray[np.int32]:
        fixed: NDArray[np.int32] = np.round(np.asarray(points, np.float64) * (self.side * 2**_SHIFT)).astype(np.int32)
        return fixed


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 12) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    ring = list(points)
    full = [ring[-1], *ring, ring[0], ring[1]] if closed else [ring[0], *ring, ring[-1]]
    curve: list[Point] = []
    for a, b, c, d in zip(full, full[1:], full[2:], full[3:], strict=False):
        for t in np.linspace(0, 1, steps, endpoint=False):
            place = [
                0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3)
                for p, q, r, s in zip(a, b, c, d, strict=True)
            ]
            curve.append((float(place[0]), float(place[1])))
    return curve if closed else [*curve, ring[-1]]
