"""MTCNN (arXiv 1604.02878) by facenet-pytorch, whose three small networks come inside its package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from facechain_ext.faces.detect.boxes import face_from_detection
from facechain_ext.faces.detect.orientation import detect_faces

if TYPE_CHECKING:
    from facechain_ext.faces.types import Face, Pixels

_MIN_SCORE = 0.9
"""Its scores crowd near 1: what it is 90 % sure of is often no face below that."""
_LEAST_SIDE = 20
"""Smallest face in pixels that is searched, of a picture of at most 1000; the default of the package."""


class MtcnnDetector:
    """Faces and five landmarks; slower than RetinaFace on large pictures.

    Raises ImportError where facenet-pytorch or torchvision, which it uses, is not installed.
    """

    name = "mtcnn"

    def __init__(self, device: str = "cpu") -> None:
        from facenet_pytorch import MTCNN

        self._network: Any = MTCNN(keep_all=True, min_face_size=_LEAST_SIDE, post_process=False, device=device)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        return detect_faces(self._find, pixels, min_roll=0)

    def _find(self, view: Pixels) -> list[Face]:
        if min(view.shape[:2]) < _LEAST_SIDE:
            return []
        boxes, scores, landmarks = self._network.detect(np.ascontiguousarray(view), landmarks=True)
        if boxes is None:
            return []
        rows = zip(boxes, landmarks, scores, strict=True)
        return [face_from_detection(b, points, score, np.ones(2)) for b, points, score in rows if score >= _MIN_SCORE]
