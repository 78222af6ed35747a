"""What detectors share: the size to search at, faces from plain numbers, one face for each that is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.pose import angles_from_landmarks
from facechain_ext.faces.types import Face

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels, Points

WORK_SIDE = 1000
"""Longer side in pixels at which faces are searched: a face of 40 pixels in a 4000-pixel photo still has ten."""
LEAN = 20.0
"""Degrees from which a face is looked at again the right way up."""
_CROP, _AROUND = 224, 2.2
"""Side of that crop in pixels, and in heights of the face: of 160 and 224, of 2.2 and 3, what served MTCNN best."""
Box = tuple[float, float, float, float]


def shrink(pixels: Pixels, side: int = WORK_SIDE) -> tuple[Pixels, NDArray[np.float64]]:
    """The picture with its longer side at most ``side`` pixels, and what (x, y) in it must be multiplied by."""
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels, np.ones(2)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.array([width / size[0], height / size[1]])


def face_from(
    box: NDArray[np.floating], landmarks: NDArray[np.floating], score: float, ratio: NDArray[np.float64]
) -> Face:
    """A face from a box [4] and landmarks [5, 2] in a shrunk picture; its angles are guessed from the landmarks."""
    left, top, right, bottom = (float(value) for value in box.reshape(2, 2).astype(np.float64).ravel())
    points = ((landmarks.astype(np.float64) + 0.5) * ratio - 0.5).astype(np.float32)
    corners = (left * ratio[0], top * ratio[1], right * ratio[0], bottom * ratio[1])
    yaw, pitch, roll = angles_from_landmarks(points)
    return Face(corners, points, float(np.clip(score, 0, 1)), yaw, pitch, roll)


def distinct(faces: Sequence[Face], overlap: float = 0.4) -> list[Face]:
    """The best-scored face of each group that overlaps by more than ``overlap`` (0..1), largest first."""
    boxes = np.array([face.box for face in faces], np.float64).reshape(-1, 4)
    kept = suppress(boxes, np.array([face.score for face in faces]), overlap)
    return sorted((faces[number] for number in kept), key=lambda face: -face.area)


def suppress(boxes: NDArray[np.floating], scores: NDArray[np.floating], overlap: float = 0.4) -> list[int]:
    """Which of the boxes [n, 4] to keep, best score first: each keeps off those that overlap it by more."""
    width, height = (np.maximum(boxes[:, 2 + axis] - boxes[:, axis], 0) for axis in (0, 1))
    area = width * height
    kept: list[int] = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        best, left = int(left[0]), left[1:]
        kept.append(best)
        low, high = np.maximum(boxes[left, :2], boxes[best, :2]), np.minimum(boxes[left, 2:], boxes[best, 2:])
        both = np.maximum(high - low, 0).prod(axis=1)
        left = left[both <= overlap * (area[left] + area[best] - both)]
    return kept


def intersection_over_union(a: Box, b: Box) -> float:
    """How much two boxes (left, top, right, bottom) have in common, 0..1."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0


def any_way_up(find: Callable[[Pixels], list[Face]], pixels: Pixels) -> list[Face]:
    """Faces by ``find``; when there are none, of the picture turned by quarters, for scans and photos lying down."""
    found = find(pixels)
    for quarters in (1, 3, 2):
        if found:
            break
        turned = find(np.ascontiguousarray(np.rot90(pixels, quarters)))
        found = [_turn_back(face, quarters, pixels.shape) for face in turned]
    return found


def search(
    find: Callable[[Pixels], list[Face]], pixels: Pixels, side: int = WORK_SIDE, *, lean: float = LEAN
) -> list[Face]:
    """The faces that ``find`` sees any way up in an RGB picture shrunk to ``side``, in its own pixels, largest first.

    Those that lean by ``lean`` degrees or more are looked at again (see ``looked_at_upright``).
    """
    small, ratio = shrink(pixels, side)
    found = looked_at_upright(find, small, any_way_up(find, small), lean=lean)
    return distinct([face_from(np.array(face.box), face.landmarks, face.score, ratio) for face in found])


def looked_at_upright(
    find: Callable[[Pixels], list[Face]], pixels: Pixels, faces: Sequence[Face], *, lean: float = LEAN
) -> list[Face]:
    """The faces, those that lean by ``lean`` degrees or more with landmarks found again on an upright crop.

    Networks that were shown upright faces put the landmarks of a leaning one a quarter of the eye distance astray. The
    crop is looked at as it is and mirrored, and the landmarks are averaged; where nothing is found the face stays.
    """
    return [_upright(find, pixels, face) if abs(face.roll) >= lean else face for face in faces]


def _upright(find: Callable[[Pixels], list[Face]], pixels: Pixels, face: Face) -> Face:
    """One face with its landmarks found again; twice when the first look shows another lean."""
    for _ in range(2):
        landmarks = _once_more(find, pixels, face)
        if landmarks is None:
            return face
        before = face.roll
        yaw, pitch, roll = angles_from_landmarks(landmarks)
        face = replace(face, landmarks=landmarks, yaw=yaw, pitch=pitch, roll=roll)
        if abs((roll - before + 180) % 360 - 180) < 8:
            break
    return face


def _once_more(find: Callable[[Pixels], list[Face]], pixels: Pixels, face: Face) -> Points | None:
    centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
    crop, warp = upright_crop(pixels, centre, _AROUND * max(face.width, face.height), face.roll, _CROP)
    middle, found = (_CROP - 1) / 2, []
    for mirrored in (False, True):
        view = np.ascontiguousarray(crop[:, ::-1]) if mirrored else crop
        away = {np.linalg.norm(one.landmarks.mean(0) - middle): one.landmarks for one in find(view)}
        if not away or min(away) > _CROP / 6:
            continue
        points = away[min(away)].astype(np.float64)
        if mirrored:
            points = np.stack([_CROP - 1 - points[:, 0], points[:, 1]], axis=1)[[1, 0, 2, 4, 3]]
        found.append(points @ warp[:, :2].T + warp[:, 2])
    return np.mean(found, axis=0).astype(np.float32) if found else None


def _turn_back(face: Face, quarters: int, shape: tuple[int, ...]) -> Face:
    """A face found in ``np.rot90(pixels, quarters)``, in the picture as it was; ``shape`` is that picture's."""
    corners = np.array(face.box, dtype=np.float64).reshape(2, 2)
    points = np.concatenate([face.landmarks.astype(np.float64), corners])
    height, width = shape[:2]
    for turn in range(quarters, 0, -1):  # rot90 takes (x, y) of a picture `across` wide to (y, across - 1 - x)
        across = width if turn % 2 else height
        points = np.stack([across - 1 - points[:, 1], points[:, 0]], axis=1)
    (left, top), (right, bottom) = points[5:].min(0), points[5:].max(0)
    roll = (face.roll + 90.0 * quarters + 180.0) % 360.0 - 180.0
    box = (float(left), float(top), float(right), float(bottom))
    return replace(face, box=box, landmarks=points[:5].astype(np.float32), roll=roll)
