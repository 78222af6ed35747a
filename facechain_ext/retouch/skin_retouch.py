"""Skin retouching: blemishes and pores are smoothed, edges and everything but skin are preserved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.skin import skin_likeness
from facechain_ext.faces.types import Availability
from facechain_ext.retouch.fuse.points import face_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels

_PORE_SCALE = 0.006
"""Standard deviation of the scale of pores, in sides of the face; half of their contrast is preserved."""
_RANGE_DEVIATION = 0.09
"""Range deviation of the bilateral filter, in brightness 0..1; larger differences are edges."""


def availability() -> tuple[Availability, ...]:
    """The ways to retouch skin, best first."""
    from facechain_ext.retouch import sandbox

    own = Availability("skin retouching", "filter", ready=True, detail="own edge-preserving filter, skin only")
    return (sandbox.availability("skin retouching", "skin-retouch", "ABPN by modelscope, as published"), own)


def retouch_skin(pixels: Pixels, faces: Sequence[Face], *, strength: float = 0.6) -> Pixels:
    """The picture with the skin of ``faces`` smoothed, uint8 of the same size; ``strength`` 0..1, 0 changes nothing.

    A bilateral filter at the scale of the face; half of the finest texture is restored. Hair, brows, eyes, lips and
    background are bit-identical to the original outside the soft edge of the skin.
    """
    result = np.array(pixels)
    if strength <= 0:
        return result
    height, width = pixels.shape[:2]
    for face in faces:
        side = max(face.width, face.height)
        left, top = max(int(face.box[0] - 0.6 * side), 0), max(int(face.box[1] - 0.6 * side), 0)
        right, bottom = min(int(face.box[2] + 0.6 * side), width), min(int(face.box[3] + 0.6 * side), height)
        if right - left < 8 or bottom - top < 8:
            continue
        view = np.ascontiguousarray(result[top:bottom, left:right])
        mask = _skin_mask(view, _translate(face, -left, -top))[..., None]
        mixed = view + min(strength, 1.0) * mask * (_smooth(view, side) - view)
        result[top:bottom, left:right] = np.where(mask > 0, np.clip(mixed + 0.5, 0, 255).astype(np.uint8), view)
    return result


def _translate(face: Face, x: float, y: float) -> Face:
    """The face moved by (x, y) pixels."""
    left, top, right, bottom = face.box
    shifted = face.landmarks + np.array([x, y], np.float32)
    return replace(face, box=(left + x, top + y, right + x, bottom + y), landmarks=shifted)


def _skin_mask(pixels: Pixels, face: Face) -> NDArray[np.float32]:
    """The skin of a face, float32 [height, width] in 0..1, with a soft edge."""
    points = face_points(pixels, face)
    side = max(face.width, face.height)

    def fill_polygon(polygon: NDArray[np.floating]) -> NDArray[np.uint8]:
        canvas = np.zeros(pixels.shape[:2], np.uint8)
        cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
        return canvas

    region = fill_polygon(points.outline) | fill_polygon(points.forehead)
    likeness = skin_likeness(pixels, fill_polygon(points.skin) > 0)
    for feature in points.features:
        hull = cv2.convexHull(feature.astype(np.float32))[:, 0]
        feature_mask = fill_polygon(hull)
        region &= 1 - cv2.dilate(feature_mask, np.ones((3, 3), np.uint8), iterations=max(round(side * 0.02), 1))
    hard = ((likeness > 0.5) & (region > 0)).astype(np.uint8)
    hard = cv2.morphologyEx(hard, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8), iterations=max(round(side * 0.01), 1))
    inner = cv2.erode(hard & region, np.ones((3, 3), np.uint8), iterations=max(round(side * 0.01), 1))
    blurred = cv2.GaussianBlur(inner.astype(np.float32), (0, 0), max(side * 0.012, 0.6))
    blurred[blurred < 0.02] = 0
    return np.asarray(blurred, np.float32)


def _smooth(view: Pixels, side: float) -> NDArray[np.float32]:
    """The filtered crop in 0..255."""
    # filtered at a side of 400 pixels: the cost of a bilateral filter grows with the square of its radius
    scale = min(1.0, 400 / side)
    colours = view.astype(np.float32) / 255
    size = (max(round(view.shape[1] * scale), 1), max(round(view.shape[0] * scale), 1))
    small = cv2.resize(colours, size, interpolation=cv2.INTER_AREA) if scale < 1 else colours
    smooth = small
    for _ in range(2):
        smooth = cv2.bilateralFilter(smooth, 0, _RANGE_DEVIATION, max(side * scale * 0.02, 1.0))
    change = smooth - small
    if scale < 1:
        change = cv2.resize(change, (view.shape[1], view.shape[0]), interpolation=cv2.INTER_LINEAR)
    grain = colours - cv2.GaussianBlur(colours, (0, 0), max(side * _PORE_SCALE, 0.5))
    texture = np.clip(grain, -0.03, 0.03) * (1 if scale == 1 else 0)
    return np.asarray((colours + change + 0.5 * texture) * 255, np.float32)
