"""Boxes of faces: downscaling before the search, conversion of detections, suppression of overlapping ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.pose import angles_from_landmarks
from facechain_ext.faces.types import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

DETECTION_SIDE = 1000
"""Longer side in pixels at which faces are searched: a face of 40 pixels in a 4000-pixel photo still has ten."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def downscale(pixels: Pixels, side: int = DETECTION_SIDE) -> tuple[Pixels, NDArray[np.float64]]:
    """The picture with its longer side at most ``side`` pixels, and the factors [2] from its (x, y) to the original."""
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels, np.ones(2)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.array([width / size[0], height / size[1]])


def face_from_detection(
    box: NDArray[np.floating], landmarks: NDArray[np.floating], score: float, ratio: NDArray[np.float64]
) -> Face:
    """A face from a box [4] and landmarks [5, 2] in a downscaled picture; angles are estimated from the landmarks."""
    left, top, right, bottom = (float(value) for value in box.reshape(2, 2).astype(np.float64).ravel())
    points = ((landmarks.astype(np.float64) + 0.5) * ratio - 0.5).astype(np.float32)
    corners = (left * ratio[0], top * ratio[1], right * ratio[0], bottom * ratio[1])
    yaw, pitch, roll = angles_from_landmarks(points)
    return Face(corners, points, float(np.clip(score, 0, 1)), yaw, pitch, roll)


def distinct(faces: Sequence[Face], overlap: float = 0.4) -> list[Face]:
    """The best-scored face of each group that overlaps by more than ``overlap`` (0..1), largest first."""
    boxes = np.array([face.box for face in faces], np.float64).reshape(-1, 4)
    selected = non_maximum_suppression(boxes, np.array([face.score for face in faces]), overlap)
    return sorted((faces[number] for number in selected), key=lambda face: -face.area)


def non_maximum_suppression(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], overlap: float = 0.4
) -> list[int]:
    """Indices of the boxes [n, 4] that no better-scored box overlaps by more than ``overlap``, best score first."""
    width, height = (np.maximum(boxes[:, 2 + axis] - boxes[:, axis], 0) for axis in (0, 1))
    area = width * height
    selected: list[int] = []
    remaining = np.argsort(-scores, kind="stable")
    while len(remaining):
        best, remaining = int(remaining[0]), remaining[1:]
        selected.append(best)
        low, high = np.maximum(boxes[remaining, :2], boxes[best, :2]), np.minimum(boxes[remaining, 2:], boxes[best, 2:])
        intersection = np.maximum(high - low, 0).prod(axis=1)
        remaining = remaining[intersection <= overlap * (area[remaining] + area[best] - intersection)]
    return selected


def intersection_over_union(a: Box, b: Box) -> float:
    """The area of the intersection of two boxes divided by that of their union, 0..1."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    intersection = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - intersection
    return intersection / union if union > 0 else 0.0
