"""M2FP human parsing by the class in the modelscope package, the head mask of the published program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.faces.detect.boxes import downscale
from facechain_ext.faces.mask.head import complete_head
from facechain_ext.faces.networks import open_modelscope_pipeline
from facechain_ext.faces.types import HeadMask

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

    from facechain_ext.faces.types import Face, Mask, Pixels

_MIN_SCORE = 0.8
"""The published program's threshold for a part."""


class ModelscopeMasker:
    """Head masks by human parsing, from a ModelScope model folder on this disk; it never asks the hub.

    Raises ImportError where modelscope is not installed, WeightsError when the folder is another model.
    """

    name = "modelscope"

    def __init__(self, folder: Path) -> None:
        self._pipeline = open_modelscope_pipeline("image_segmentation", folder)

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """The masks of the head that ``face`` belongs to, at the size of the picture.

        Raises:
            PhotoError: no part of a person is seen where the face is.
        """
        small, _ = downscale(pixels)
        answer = self._pipeline(np.ascontiguousarray(small[:, :, ::-1]))  # arrays are BGR to it
        parts = list(zip(answer["labels"], answer["masks"], answer["scores"], strict=True))
        height, width = pixels.shape[:2]

        def of(label: str) -> Mask:
            """The part of that name which shares most pixels with the face's box widened by half its size."""
            best = max(
                (mask for name, mask, score in parts if name == label and score > _MIN_SCORE),
                key=lambda mask: _inside(mask, face, width / small.shape[1]),
                default=None,
            )
            if best is None:
                return np.zeros((height, width), np.bool_)
            return cv2.resize(np.asarray(best, np.float32), (width, height)) > 0.5  # type: ignore[no-any-return]

        face_mask = of("Face")
        if not face_mask.any():
            raise PhotoError("The face cannot be made out; use a photo in which it is larger, sharper or less covered.")
        return HeadMask(face_mask, complete_head(face_mask, face_mask | of("Hair"), of("Human") | face_mask))


def _inside(mask: ArrayLike, face: Face, ratio: float) -> int:
    margin_x, margin_y = face.width / 4, face.height / 4
    left, right = (max(int(value / ratio), 0) for value in (face.box[0] - margin_x, face.box[2] + margin_x))
    top, bottom = (max(int(value / ratio), 0) for value in (face.box[1] - margin_y, face.box[3] + margin_y))
    return int(np.asarray(mask)[top:bottom, left:right].sum())
