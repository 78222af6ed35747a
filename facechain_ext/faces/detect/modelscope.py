"""RetinaFace and DamoFD by the classes in the modelscope package, the detectors of the published program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.detect.boxes import face_from_detection
from facechain_ext.faces.detect.orientation import detect_faces
from facechain_ext.faces.networks import open_modelscope_pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Face, Pixels

_MIN_SCORE = 0.5


class ModelscopeDetector:
    """RetinaFace or DamoFD from a ModelScope model folder on this disk; without network access.

    Raises ImportError where modelscope, or for DamoFD mmcv and mmdet, is not installed, WeightsError when the folder
    is another model.
    """

    def __init__(self, folder: Path, name: str = "modelscope") -> None:
        self.name = name
        self._pipeline = open_modelscope_pipeline("face_detection", folder)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""

        def find(view: Pixels) -> list[Face]:
            output = self._pipeline(np.ascontiguousarray(view[:, :, ::-1]))  # arrays are BGR to it
            rows = zip(output["boxes"], output["keypoints"], output["scores"], strict=True)
            return [
                face_from_detection(np.array(box), np.array(points).reshape(5, 2), score, np.ones(2))
                for box, points, score in rows
                if score >= _MIN_SCORE
            ]

        return detect_faces(find, pixels)
