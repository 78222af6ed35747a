"""OpenPose's skeleton of a body: drawn from its points, and that of somebody who stands."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.faces.types import Pixels

    Points = Mapping[int, tuple[float, float]]

_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_LIMB_SHADE = 0.6
"""OpenPose draws limbs at this brightness, so that the joints stand out."""


_STANDING: Points = {
    0: (0.0, 0.07), 1: (0.0, 0.17), 2: (-0.11, 0.18), 3: (-0.15, 0.33), 4: (-0.16, 0.47), 5: (0.11, 0.18),
    6: (0.15, 0.33), 7: (0.16, 0.47), 8: (-0.07, 0.5), 9: (-0.08, 0.73), 10: (-0.08, 0.94), 11: (0.07, 0.5),
    12: (0.08, 0.73), 13: (0.08, 0.94), 14: (-0.02, 0.055), 15: (0.02, 0.055), 16: (-0.045, 0.065), 17: (0.045, 0.065),
}  # fmt: skip
"""Points of a person who stands and faces the viewer, x from the middle and y from the top, in heights of the person.

Proportions are those of a grown-up of seven and a half heads, the canon of figure drawing.
"""
_MARGIN = 0.05
"""What is left free above and below a standing person, in heights of the picture."""


def joint_colour(index: int, count: int) -> tuple[int, int, int]:
    """The colour in RGB of point or limb ``index`` of ``count``, as OpenPose has them."""
    red, green, blue = colorsys.hsv_to_rgb(index / count, 1.0, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_body(canvas: Pixels, points: Points) -> None:
    """Draw OpenPose's body points (number -> x, y in pixels) and the limbs between those that are there."""
    stick = max(round(min(canvas.shape[:2]) / 128), 2)  # 4 pixels at 512, as OpenPose draws
    for number, (first, second) in enumerate(_LIMBS):
        if first in points and second in points:
            shade = tuple(int(_LIMB_SHADE * part) for part in joint_colour(number, 18))
            _limb(canvas, points[first], points[second], stick, shade)
    for number, (x, y) in points.items():
        cv2.circle(canvas, (round(x), round(y)), stick, joint_colour(number, 18), thickness=-1)


def _limb(
    canvas: Pixels, first: tuple[float, float], second: tuple[float, float], stick: int, shade: Sequence[int]
) -> None:
    """A limb is an ellipse from joint to joint."""
    (x0, y0), (x1, y1) = first, second
    length = float(np.hypot(x1 - x0, y1 - y0))
    angle = float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))
    middle = (round((x0 + x1) / 2), round((y0 + y1) / 2))
    outline = cv2.ellipse2Poly(middle, (round(length / 2), stick), round(angle), 0, 360, 1)
    cv2.fillConvexPoly(canvas, outline, shade)


def standing_skeleton(width: int, height: int) -> Image.Image:
    """The skeleton of one person who stands in the middle of a picture of this size, on black."""
    canvas = np.zeros((height, width, 3), np.uint8)
    tall = min(height * (1 - 2 * _MARGIN), width * 2.4)  # with arms the figure is 0.4 of its height wide
    top = (height - tall) / 2
    draw_body(canvas, {number: (width / 2 + x * tall, top + y * tall) for number, (x, y) in _STANDING.items()})
    return Image.fromarray(canvas)
