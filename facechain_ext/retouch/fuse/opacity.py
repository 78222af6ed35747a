"""How opaque a new face is over the old one, pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.skin import skin_likeness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.retouch.fuse.points import FacePoints

OPENING_DIFFERENCE = 0.05
"""Difference between the openings of two mouths, in widths of the mouth, from which only one of them is open."""


def face_side(points: FacePoints) -> float:
    """The longer side in pixels of the bounding box of the points."""
    return float(np.ptp(points.points, axis=0).max())


def fill_polygon(polygon: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The coverage of each pixel by a polygon [n, 2], float32 [height, width] in 0..1."""
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(canvas / 255, np.float32)


def smooth_step(values: NDArray[np.floating] | float, low: float, high: float) -> NDArray[np.float32]:
    """0 below ``low``, 1 above ``high``, smooth between."""
    ramp = np.clip((np.asarray(values) - low) / (high - low), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def outline_opacity(
    target: FacePoints, corner: NDArray[np.floating], shape: tuple[int, ...], feather: float
) -> NDArray[np.float32]:
    """1 inside the outline, falling smoothly to 0 at it over twice ``feather`` sides of the face."""
    inside = fill_polygon(target.outline - corner, shape)
    # the border of the window is no edge of the face
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform((padded > 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return smooth_step(distance, 0, 2 * max(feather * face_side(target), 1.0))


def mouth_hole(target: FacePoints, corner: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """1 but for the target's open mouth, which stays."""
    if target.mouth is None:
        return np.ones(shape[:2], np.float32)
    lips = cv2.GaussianBlur(fill_polygon(target.mouth - corner, shape), (0, 0), max(face_side(target) * 0.008, 0.8))
    return np.asarray(1 - lips, np.float32)


def mouth_opening(face: FacePoints) -> float:
    """Height of the opening of the mouth in widths of the mouth; 0 when closed or unknown."""
    if face.mouth is None:
        return 0.0
    width = float(np.linalg.norm(face.mouth[10] - face.mouth[0]))
    return float(np.linalg.norm(face.mouth[15] - face.mouth[5])) / max(width, 1e-6)


def soften(mask: Mask, side: float) -> NDArray[np.float32]:
    """A mask with its edge softened inwards, for a face of ``side`` pixels."""
    width = max(int(side * 0.02), 1)
    hard = cv2.erode(mask.astype(np.float32), np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), width), np.float32)


def forehead_opacity(
    warped: Pixels, view: Pixels, target: FacePoints, corner: NDArray[np.floating]
) -> NDArray[np.float32]:
    """1 outside the forehead, on it 1 where both faces show skin: a fringe is neither transferred nor overwritten."""
    side = face_side(target)
    sample = fill_polygon(target.skin - corner, view.shape) > 0.5
    both = np.minimum(skin_likeness(warped, sample), skin_likeness(view, sample))
    width = max(side * 0.015, 0.8)
    hard = cv2.erode((both > 0.5).astype(np.float32), np.ones((3, 3), np.uint8), iterations=max(round(side * 0.012), 1))
    forehead = cv2.GaussianBlur(fill_polygon(target.forehead - corner, view.shape), (0, 0), width)
    return np.asarray(1 - forehead * (1 - cv2.GaussianBlur(hard, (0, 0), width)), np.float32)
