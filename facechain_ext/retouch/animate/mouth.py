"""What is seen between opened lips: the portrait's own teeth where it shows them, else painted ones, and the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.retouch.animate.expression import LOWER_INNER, UPPER_INNER
from facechain_ext.retouch.fuse.opacity import OPENING_DIFFERENCE, fill_polygon, smooth_step
from facechain_ext.retouch.fuse.points import INNER_LIPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

    Floats = NDArray[np.float32]

# RGB in a well lit face; mixed by eye beside photos of open mouths
_DARK, _GUMS, _TONGUE, _TEETH = (
    np.array(colour, np.float32) for colour in ((34, 14, 15), (78, 34, 34), (128, 68, 66), (214, 203, 190))
)
_TEETH_HEIGHT = 0.13
"""Height of the upper teeth below the lip at rest, in widths of the mouth."""
_TEETH_WIDTH = 0.72
"""Half width of the visible row of teeth, in half widths of the mouth, where it has gone dark."""
_TONGUE_PLACE = (0.62, 1.1)
"""Where the tongue begins and ends, in heights of the opening from the upper lip."""
_LIT_SKIN = 185.0
"""Brightness of skin, of 255, for which the colours above are meant."""


class MouthInterior:
    """Paints the inside of one portrait's mouth."""

    def __init__(self, pixels: Pixels, rest: NDArray[np.float64], skin: Mask, width: float) -> None:
        """``rest`` float64 [n, 2] are the points of the portrait, ``skin`` its cheeks, ``width`` the mouth's."""
        self._pixels, self._rest, self._width = pixels, rest, width
        lit = float(np.median(pixels[skin].max(-1))) if skin.any() else _LIT_SKIN
        self._light = float(np.clip(lit / _LIT_SKIN, 0.3, 1.2))
        gap = float(np.linalg.norm(rest[UPPER_INNER[5]] - rest[LOWER_INNER[5]]))
        self._shows_teeth = gap / width > OPENING_DIFFERENCE

    def paint(
        self, frame: Pixels, points: NDArray[np.float64], head: NDArray[np.float64], down: NDArray[np.float64]
    ) -> None:
        """Paint into ``frame`` between the lips of ``points`` [n, 2].

        ``head`` [n, 2] are the points of the turned head with its mouth at rest, to which the upper teeth belong;
        ``down`` [2] is the face's axis.
        """
        lips = points[list(INNER_LIPS)]
        gap = float(np.max((points[list(LOWER_INNER)] - points[list(UPPER_INNER)]) @ down))
        if gap < 0.5:
            return
        pad = int(0.2 * self._width) + 2
        (left, top), (right, bottom) = np.floor(lips.min(0)).astype(int) - pad, np.ceil(lips.max(0)).astype(int) + pad
        left, top = max(left, 0), max(top, 0)
        view = frame[top : max(bottom, top), left : max(right, left)]
        if not view.size:
            return
        corner = np.array([left, top])
        inside = cv2.GaussianBlur(fill_polygon(lips - corner, view.shape), (0, 0), max(0.008 * self._width, 0.6))
        picture = self._interior(view.shape, points - corner, down)
        if self._shows_teeth:
            picture = self._with_own_teeth(picture, head - corner)
        share = inside[..., None] * min(gap / max(0.03 * self._width, 1.0), 1.0)
        view[:] = np.clip(view + share * (picture - view) + 0.5, 0, 255).astype(np.uint8)

    def _interior(self, shape: tuple[int, ...], points: NDArray[np.float64], down: NDArray[np.float64]) -> Floats:
        """Gums, dark, tongue, and upper teeth where the portrait shows none."""
        y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        across = np.array([down[1], -down[0]])
        upper, lower = points[list(UPPER_INNER)], points[list(LOWER_INNER)]
        middle = (upper[0] + upper[-1]) / 2
        u = (x - middle[0]) * across[0] + (y - middle[1]) * across[1]
        v = (x - middle[0]) * down[0] + (y - middle[1]) * down[1]
        edges = [(edge - middle) @ np.stack([across, down], axis=1) for edge in (upper, lower)]
        roof, floor = (np.interp(u, *_sorted(edge)).astype(np.float32) for edge in edges)
        depth = (v - roof) / np.maximum(floor - roof, 1.0)
        side = np.abs(u) / (0.5 * self._width)
        rim = smooth_step(np.abs(depth - 0.5) + 0.35 * side**2, 0.3, 0.62)[..., None]
        picture = _DARK + rim * (_GUMS - _DARK)
        opened = float(smooth_step(float(np.max(floor - roof)) / self._width, 0.12, 0.3))
        tongue = smooth_step(depth, *_TONGUE_PLACE) * (1 - smooth_step(side, 0.35, 0.75)) * opened
        picture = picture + tongue[..., None] * (_TONGUE - picture)
        if not self._shows_teeth:
            height = _TEETH_HEIGHT * self._width * (1 - 0.35 * side**2)
            row = (1 - smooth_step((v - roof) / np.maximum(height, 1), 0.78, 1.0)) * (
                1 - smooth_step(side, 0.25, _TEETH_WIDTH)
            )
            shade = 0.62 + 0.38 * smooth_step((v - roof) / self._width, 0, 0.09)  # the lip's shadow
            picture = np.asarray(picture + row[..., None] * (_TEETH * shade[..., None] - picture), np.float32)
        return np.asarray(picture * self._light, np.float32)

    def _with_own_teeth(self, picture: Floats, head: NDArray[np.float64]) -> Floats:
        """``picture`` with what the portrait shows between its lips, which stays with the skull."""
        lips = list(INNER_LIPS)
        warp, _ = cv2.estimateAffinePartial2D(self._rest[lips], head[lips])
        if warp is None:
            return picture
        size = picture.shape[1::-1]
        own = cv2.warpAffine(self._pixels, warp, size, borderMode=cv2.BORDER_REPLICATE)
        width = max(0.025 * self._width, 0.8)
        where = cv2.GaussianBlur(fill_polygon(head[lips], picture.shape), (0, 0), width)
        return np.asarray(picture + where[..., None] * (own - picture), np.float32)


def _sorted(edge: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(edge[:, 0])
    return edge[order, 0], edge[order, 1]
