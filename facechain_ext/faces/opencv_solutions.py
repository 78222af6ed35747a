"""MediaPipe's solutions for faces by OpenCV alone, with the networks of its wheel: the same calls and results.

What differs: the detector has one network for faces near and far, and the mesh has 468 points, without the irises.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces import mediapipe_wheel
from facechain_ext.faces.crop import upright_crop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

_DETECTION_SIDE, _MESH_SIDE, _PERSON_SIDE = 128, 192, 256
"""Sides in pixels of the networks' inputs."""
_ANCHORS = ((16, 2), (8, 6))
"""Cells a side and anchors a cell of BlazeFace's levels (face_detection_short_range.pbtxt: strides 8, 16, 16, 16)."""
_OVERLAP = 0.3
"""Intersection over union from which two detections are one face (the same file)."""
_ROI_SCALE = 1.5
"""Side of the mesh's square in longer sides of the detection (face_detection_front_detection_to_roi.pbtxt)."""
MIN_SCORE = 0.5
"""Of a proposal: in its smaller tiles this network sees faces in folds and shoulders, with scores up to 0.35."""
TILE = 280
"""Side in pixels of the tiles in which small faces are searched: as in MediaPipe's other network, 24 pixels are 11."""
_MIN_PRESENCE = 0.5
"""Least probability of a face in the square (the solution's default)."""


@dataclass(frozen=True)
class _Point:
    x: float
    y: float
    z: float = 0.0


def _net(name: str) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromTFLite(np.frombuffer(mediapipe_wheel.network(name), np.uint8))


def _outputs(net: cv2.dnn.Net, *names: str) -> list[NDArray[np.float32]]:
    """The layers ``names`` of a run, one by one: OpenCV 5 takes only one output of such a network at once."""
    return [np.asarray(net.forward(name)) for name in names]


def _anchors() -> NDArray[np.float32]:
    """Centres of BlazeFace's anchors [896, 2] in 0..1."""
    levels = []
    for cells, count in _ANCHORS:
        rows, columns = np.mgrid[:cells, :cells]
        centres = (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) / cells
        levels.append(np.repeat(centres, count, axis=0))
    return np.concatenate(levels).astype(np.float32)


class FaceDetection:
    """BlazeFace: boxes with six points, by score."""

    def __init__(self, model_selection: int = 0, min_detection_confidence: float = 0.5) -> None:
        del model_selection  # the other network is sparse, which OpenCV does not read
        self._min_score = min_detection_confidence
        self._net = _net("detection")
        self._centres = _anchors()

    def process(self, image: Pixels) -> SimpleNamespace:
        """The ``detections`` in an RGB picture, in fractions of its sides; None where there are none."""
        side = max(image.shape[:2])
        scale = _DETECTION_SIDE / side
        width, height = (max(round(length * scale), 1) for length in (image.shape[1], image.shape[0]))
        left, top = (_DETECTION_SIDE - width) // 2, (_DETECTION_SIDE - height) // 2
        canvas = np.zeros((_DETECTION_SIDE, _DETECTION_SIDE, 3), np.float32)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        canvas[top : top + height, left : left + width] = small
        self._net.setInput(cv2.dnn.blobFromImage(canvas / 127.5 - 1.0))
        raw, logits = _outputs(self._net, "regressors", "classificators")
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits.reshape(-1), -80, 80)))
        chosen = scores >= self._min_score
        points = raw.reshape(-1, 8, 2)[chosen] / _DETECTION_SIDE
        centres = self._centres[chosen]
        points[:, 0] += centres
        points[:, 2:] += centres[:, None]
        found = _merge(points, scores[chosen])
        corner, size = np.array([left, top]), np.array([width, height])
        detections = [
            _detection((place * _DETECTION_SIDE - corner) / size, extent * _DETECTION_SIDE / size, points_, score)
            for place, extent, points_, score in (
                (one[0], one[1], (one[2:] * _DETECTION_SIDE - corner) / size, score) for one, score in found
            )
        ]
        return SimpleNamespace(detections=detections or None)


def _merge(points: NDArray[np.floating], scores: NDArray[np.floating]) -> list[tuple[NDArray[np.floating], float]]:
    """Detections [n, 8, 2] (centre, size, six points), each the mean of those that overlap it, by their scores."""
    todo = list(np.argsort(-scores))
    merged = []
    while todo:
        first = todo[0]
        same = [one for one in todo if _overlap(points[first], points[one]) > _OVERLAP] or [first]
        todo = [one for one in todo if one not in same]
        merged.append((np.average(points[same], axis=0, weights=scores[same]), float(scores[first])))
    return merged


def _overlap(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    low = np.maximum(one[0] - one[1] / 2, other[0] - other[1] / 2)
    high = np.minimum(one[0] + one[1] / 2, other[0] + other[1] / 2)
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared / max(float(np.prod(one[1]) + np.prod(other[1])) - shared, 1e-9)


def _detection(
    centre: NDArray[np.float64], size: NDArray[np.float64], points: Sequence[NDArray[np.float64]], score: float
) -> SimpleNamespace:
    """A detection as MediaPipe gives it."""
    (x, y), (width, height) = centre, size
    box = SimpleNamespace(xmin=x - width / 2, ymin=y - height / 2, width=width, height=height)
    keypoints = [_Point(float(px), float(py)) for px, py in points]
    return SimpleNamespace(
        location_data=SimpleNamespace(relative_bounding_box=box, relative_keypoints=keypoints), score=[score]
    )


class FaceMesh:
    """The mesh of the surest face of a picture."""

    def __init__(self, *, min_detection_confidence: float = 0.5, **_options: object) -> None:
        self._detection = FaceDetection(0, min_detection_confidence)
        self._net = _net("mesh")

    def process(self, image: Pixels) -> SimpleNamespace:
        """The ``multi_face_landmarks`` of an RGB picture, in fractions of its sides; None where there is no face."""
        found = self._detection.process(image).detections
        if not found:
            return SimpleNamespace(multi_face_landmarks=None)
        best = max(found, key=lambda one: one.score[0]).location_data
        size = np.array([image.shape[1], image.shape[0]], np.float64)
        box = best.relative_bounding_box
        centre = np.array([box.xmin + box.width / 2, box.ymin + box.height / 2]) * size
        left, right = (np.array([point.x, point.y]) * size for point in best.relative_keypoints[:2])
        roll = float(np.degrees(np.arctan2(*(right - left)[::-1])))
        side = _ROI_SCALE * float(max(box.width * size[0], box.height * size[1]))
        crop, warp = upright_crop(image, (float(centre[0]), float(centre[1])), side, roll, _MESH_SIDE)
        self._net.setInput(cv2.dnn.blobFromImage(crop.astype(np.float32) / 255.0))
        raw, presence = _outputs(self._net, "conv2d_21", "conv2d_31")
        if 1.0 / (1.0 + np.exp(-float(presence.reshape(-1)[0]))) < _MIN_PRESENCE:
            return SimpleNamespace(multi_face_landmarks=None)
        points = raw.reshape(-1, 3).astype(np.float64)
        flat = ((points[:, :2] - 0.5) @ warp[:, :2].T + warp[:, 2] + 0.5) / size
        depth = points[:, 2] * side / _MESH_SIDE / size[0]
        landmarks = [_Point(float(x), float(y), float(z)) for (x, y), z in zip(flat, depth, strict=True)]
        return SimpleNamespace(multi_face_landmarks=[SimpleNamespace(landmark=landmarks)])


class SelfieSegmentation:
    """How probably each pixel belongs to a person."""

    def __init__(self, model_selection: int = 0) -> None:
        del model_selection
        self._net = _net("person")

    def process(self, image: Pixels) -> SimpleNamespace:
        """The ``segmentation_mask`` float32 [h, w] of an RGB picture."""
        small = cv2.resize(image, (_PERSON_SIDE, _PERSON_SIDE), interpolation=cv2.INTER_LINEAR)
        self._net.setInput(cv2.dnn.blobFromImage(small.astype(np.float32) / 255.0))
        mask = self._net.forward().reshape(_PERSON_SIDE, _PERSON_SIDE)
        return SimpleNamespace(segmentation_mask=cv2.resize(mask, (image.shape[1], image.shape[0])))


face_detection = SimpleNamespace(FaceDetection=FaceDetection)
selfie_segmentation = SimpleNamespace(SelfieSegmentation=SelfieSegmentation)


face_mesh = SimpleNamespace(FaceMesh=FaceMesh)
