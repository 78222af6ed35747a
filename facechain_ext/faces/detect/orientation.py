"""Detection at any orientation: pictures turned by quarters, and landmarks refined on an upright crop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.detect.boxes import DETECTION_SIDE, distinct, downscale, face_from_detection
from facechain_ext.faces.pose import angles_from_landmarks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.faces.types import Face, Pixels, Points

MIN_REFINED_ROLL = 20.0
"""Roll in degrees from which landmarks are detected again on an upright crop."""
_CROP_SIZE, _CROP_SCALE = 224, 2.2
"""Side of that crop in pixels, and in heights of the face: of 160 and 224, of 2.2 and 3, the best for MTCNN."""


def detect_any_orientation(find: Callable[[Pixels], list[Face]], pixels: Pixels) -> list[Face]:
    """The faces of a picture; when it has none, those of the picture rotated by 90, 270 and 180 degrees."""
    found = find(pixels)
    for quarters in (1, 3, 2):
        if found:
            break
        rotated = find(np.ascontiguousarray(np.rot90(pixels, quarters)))
        found = [_rotate_back(face, quarters, pixels.shape) for face in rotated]
    return found


def detect_faces(
    find: Callable[[Pixels], list[Face]],
    pixels: Pixels,
    side: int = DETECTION_SIDE,
    *,
    min_roll: float = MIN_REFINED_ROLL,
) -> list[Face]:
    """The faces of an RGB picture by ``find`` at a longer side of ``side``, at any orientation, largest first.

    Boxes and landmarks are in pixels of the original. Faces with a roll of ``min_roll`` degrees or more are refined
    (see ``refine_rotated``).
    """
    small, ratio = downscale(pixels, side)
    found = refine_rotated(find, small, detect_any_orientation(find, small), min_roll=min_roll)
    return distinct([face_from_detection(np.array(face.box), face.landmarks, face.score, ratio) for face in found])


def refine_rotated(
    find: Callable[[Pixels], list[Face]], pixels: Pixels, faces: Sequence[Face], *, min_roll: float = MIN_REFINED_ROLL
) -> list[Face]:
    """The faces, those with a roll of ``min_roll`` degrees or more with landmarks detected again on an upright crop.

    Networks trained on upright faces misplace the landmarks of rotated ones by up to a quarter of the eye distance. The
    landmarks are averaged over the crop and its mirror image; a face that is not found there is returned unchanged.
    """
    return [_refine_landmarks(find, pixels, face) if abs(face.roll) >= min_roll else face for face in faces]


def _refine_landmarks(find: Callable[[Pixels], list[Face]], pixels: Pixels, face: Face) -> Face:
    """One face with landmarks detected again; a second time when the first result changes the roll by 8 degrees."""
    for _ in range(2):
        landmarks = _redetect_landmarks(find, pixels, face)
        if landmarks is None:
            return face
        previous_roll = face.roll
        yaw, pitch, roll = angles_from_landmarks(landmarks)
        face = replace(face, landmarks=landmarks, yaw=yaw, pitch=pitch, roll=roll)
        if abs((roll - previous_roll + 180) % 360 - 180) < 8:
            break
    return face


def _redetect_landmarks(find: Callable[[Pixels], list[Face]], pixels: Pixels, face: Face) -> Points | None:
    """Landmarks in the picture by detection on an upright crop and its mirror image, None when there are none."""
    crop, warp = upright_crop(pixels, face.centre, _CROP_SCALE * max(face.width, face.height), face.roll, _CROP_SIZE)
    middle, found = (_CROP_SIZE - 1) / 2, []
    for mirrored in (False, True):
        view = np.ascontiguousarray(crop[:, ::-1]) if mirrored else crop
        by_distance = {
            np.linalg.norm(detected.landmarks.mean(0) - middle): detected.landmarks for detected in find(view)
        }
        if not by_distance or min(by_distance) > _CROP_SIZE / 6:
            continue
        points = by_distance[min(by_distance)].astype(np.float64)
        if mirrored:
            points = np.stack([_CROP_SIZE - 1 - points[:, 0], points[:, 1]], axis=1)[[1, 0, 2, 4, 3]]
        found.append(points @ warp[:, :2].T + warp[:, 2])
    return np.mean(found, axis=0).astype(np.float32) if found else None


def _rotate_back(face: Face, quarters: int, shape: tuple[int, ...]) -> Face:
    """A face of ``np.rot90(pixels, quarters)`` in the coordinates of ``pixels``, whose shape is ``shape``."""
    corners = np.array(face.box, dtype=np.float64).reshape(2, 2)
    points = np.concatenate([face.landmarks.astype(np.float64), corners])
    height, width = shape[:2]
    for step in range(quarters, 0, -1):  # rot90 takes (x, y) of a picture `size` wide to (y, size - 1 - x)
        size = width if step % 2 else height
        points = np.stack([size - 1 - points[:, 1], points[:, 0]], axis=1)
    (left, top), (right, bottom) = points[5:].min(0), points[5:].max(0)
    roll = (face.roll + 90.0 * quarters + 180.0) % 360.0 - 180.0
    box = (float(left), float(top), float(right), float(bottom))
    return replace(face, box=box, landmarks=points[:5].astype(np.float32), roll=roll)
