"""MTCNN (arXiv 1604.02878) by facenet-pytorch, whose three small networks are part of its package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from facechain_ext.faces.detect.boxes import face_from_detection
from facechain_ext.faces.detect.orientation import detect_faces

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels

    Floats: TypeAlias = NDArray[np.float32]

_MIN_SCORE = 0.9
"""Its scores are close to 1; detections below this are often no faces."""
_MIN_FACE_SIZE = 20
"""Smallest face in pixels that is searched, of a picture of at most 1000; the default of the package."""


class _Network(Protocol):
    """facenet-pytorch's MTCNN: boxes [n, 4], scores [n] and landmarks [n, 5, 2], all None when there is no face."""

    def detect(
        self, img: Pixels, *, landmarks: Literal[True]
    ) -> tuple[Floats, Floats, Floats] | tuple[None, None, None]:
        """Boxes, scores and landmarks of the faces in an RGB picture."""
        ...


class MtcnnDetector:
    """Faces and five landmarks; slower than RetinaFace on large pictures.

    Raises ImportError where facenet-pytorch or torchvision, which it uses, is not installed.
    """

    name = "mtcnn"

    def __init__(self, device: str = "cpu") -> None:
        from facenet_pytorch import MTCNN

        self._network: _Network = MTCNN(keep_all=True, min_face_size=_MIN_FACE_SIZE, post_process=False, device=device)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        return detect_faces(self._find, pixels, min_roll=0)

    def _find(self, view: Pixels) -> list[Face]:
        if min(view.shape[:2]) < _MIN_FACE_SIZE:
            return []
        boxes, scores, landmarks = self._network.detect(np.ascontiguousarray(view), landmarks=True)
        if boxes is None or scores is None or landmarks is None:
            return []
        rows = zip(boxes, landmarks, scores, strict=True)
        return [face_from_detection(b, points, score, np.ones(2)) for b, points, score in rows if score >= _MIN_SCORE]
