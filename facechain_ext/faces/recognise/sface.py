"""SFace (arXiv 2205.12010) by the class in OpenCV, which every host has; its weights are one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import WeightsError
from facechain_ext.faces.alignment import ARCFACE_SIZE
from facechain_ext.faces.networks import normalize_embedding

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels


class SFaceRecogniser:
    """OpenCV's FaceRecognizerSF with a file of the OpenCV zoo; raises WeightsError when the file is no such network."""

    name = "SFace"

    def __init__(self, path: Path) -> None:
        try:
            self._network = cv2.FaceRecognizerSF.create(str(path), "")
            self._file = path.name
            self.embed(np.full((ARCFACE_SIZE, ARCFACE_SIZE, 3), 128, np.uint8))
        except cv2.error as error:
            raise WeightsError(
                f"{path.name} is not a recognition network that OpenCV can run ({error.err})."
            ) from error

    def embed(self, aligned: Pixels) -> NDArray[np.float32]:
        """The embedding of an aligned RGB face uint8 [112, 112, 3]: float32 [128], unit length."""
        bgr = np.ascontiguousarray(aligned[:, :, ::-1])  # the class swaps the channels back
        return normalize_embedding(self._network.feature(bgr), self._file)
