"""SCRFD (arXiv 2105.04714) through onnxruntime: insightface's detectors, and DamoFD, which is one of the family."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from facechain_ext.errors import WeightsError
from facechain_ext.faces.detect.boxes import face_from_detection, non_maximum_suppression
from facechain_ext.faces.detect.orientation import detect_any_orientation, refine_rotated
from facechain_ext.faces.networks import open_onnx_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels

_SIDE = 640
"""Side in pixels of the square that a network without a fixed size is given: at which SCRFD was evaluated."""
_MIN_SCORE = 0.5


class ScrfdDetector:
    """Any SCRFD with landmarks as an ONNX file, on the GPU where onnxruntime has one, else on the CPU.

    Raises ImportError where onnxruntime is not installed, WeightsError when the file is no SCRFD with landmarks.
    """

    name = "scrfd"

    def __init__(self, path: Path) -> None:
        self._session = open_onnx_session(path)
        self._path = path
        self._input = self._session.get_inputs()[0]
        shape = self._input.shape
        if len(shape) != 4:
            raise WeightsError(f"{path.name} takes {shape}, not pictures; it is no SCRFD detector.")
        height, width = shape[2:]
        self._size = (width if isinstance(width, int) else _SIDE, height if isinstance(height, int) else _SIDE)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        found = refine_rotated(self._find, pixels, detect_any_orientation(self._find, pixels))
        return sorted(found, key=lambda face: -face.area)

    def _find(self, pixels: Pixels) -> list[Face]:
        height, width = pixels.shape[:2]
        scale = min(self._size[0] / width, self._size[1] / height)
        fitted = (max(round(width * scale), 1), max(round(height * scale), 1))
        canvas = np.zeros((self._size[1], self._size[0], 3), np.uint8)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas[: fitted[1], : fitted[0]] = cv2.resize(pixels, fitted, interpolation=interpolation)
        batch = (canvas.astype(np.float32).transpose(2, 0, 1)[None] - 127.5) / 128.0
        outputs = self._session.run(None, {self._input.name: batch})
        ratio = np.array([width / fitted[0], height / fitted[1]])
        boxes, landmarks, scores = decode(outputs, self._size, self._path.name)
        return [
            face_from_detection(boxes[n], landmarks[n], scores[n], ratio)
            for n in non_maximum_suppression(boxes, scores)
        ]


def decode(
    outputs: Sequence[NDArray[np.float32]], size: tuple[int, int], name: str
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Boxes [n, 4], landmarks [n, 5, 2] and scores [n] above 0.5, in pixels of the network's input.

    ``outputs`` are the scores, box distances and landmark offsets of the anchors of every stride, in any order, with or
    without a batch axis, and are distinguished by their last axis (1, 4, 10) and their length. Distances are in
    strides, from the anchor's position to left, top, right, bottom.

    Raises:
        WeightsError: the shapes are not those of an SCRFD with landmarks.
    """
    levels: dict[int, dict[int, NDArray[np.float32]]] = {}
    for output in outputs:
        table = np.asarray(output, dtype=np.float32)
        table = table.reshape(-1, table.shape[-1] if table.ndim > 1 else 1)
        levels.setdefault(len(table), {})[table.shape[1]] = table
    boxes, landmarks, scores = [], [], []
    for count, outputs_by_width in levels.items():
        if set(outputs_by_width) != {1, 4, 10}:
            raise WeightsError(f"{name} does not answer like an SCRFD with landmarks; choose another ONNX file.")
        anchors = _anchors(count, size, name)
        selected = outputs_by_width[1][:, 0] > _MIN_SCORE
        stride, points = anchors.stride, anchors.points[selected]
        distances = outputs_by_width[4][selected] * stride
        boxes.append(np.concatenate([points - distances[:, :2], points + distances[:, 2:]], axis=1))
        landmarks.append(points[:, None] + outputs_by_width[10][selected].reshape(-1, 5, 2) * stride)
        scores.append(outputs_by_width[1][selected, 0])
    return np.concatenate(boxes), np.concatenate(landmarks), np.concatenate(scores)


class _Anchors(NamedTuple):
    """The anchors of one level: ``points`` float32 [count, 2] in pixels, ``stride`` in pixels."""

    points: NDArray[np.float32]
    stride: int


def _anchors(count: int, size: tuple[int, int], name: str) -> _Anchors:
    width, height = size
    for stride in (8, 16, 32, 64, 128):
        columns, rows = -(-width // stride), -(-height // stride)
        for repeats in (2, 1):  # two anchors per position in SCRFD and DamoFD, one in some variants
            if columns * rows * repeats == count:
                y, x = np.mgrid[:rows, :columns].astype(np.float32)
                points = np.stack([x, y], axis=-1).reshape(-1, 2) * stride
                return _Anchors(np.repeat(points, repeats, axis=0), stride)
    raise WeightsError(f"{name} answers with {count} anchors for {width}x{height} pixels; it is no SCRFD detector.")
