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
    """Head masks by human parsing, from a ModelScope model folder on this disk; without network access.

    Raises ImportError where modelscope is not installed, WeightsError when the folder is another model.
    """

    name = "modelscope"

    def __init__(self, folder: Path) -> None:
        self._pipeline = open_modelscope_pipeline("image_segmentation", folder)

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """The masks of the head that ``face`` belongs to, at the size of the picture.

        Raises:
            PhotoError: no part called Face is found.
        """
        small, _ = downscale(pixels)
        output = self._pipeline(np.ascontiguousarray(small[:, :, ::-1]))  # arrays are BGR to it
        parts = list(zip(output["labels"], output["masks"], output["scores"], strict=True))
        height, width = pixels.shape[:2]

        def part_mask(label: str) -> Mask:
            """The part called ``label`` with the most pixels in the face's box enlarged by half, or an empty mask."""
            best = max(
                (mask for name, mask, score in parts if name == label and score > _MIN_SCORE),
                key=lambda mask: _pixels_in_box(mask, face, width / small.shape[1]),
                default=None,
            )
            if best is None:
                return np.zeros((height, width), np.bool_)
            return np.asarray(cv2.resize(np.asarray(best, np.float32), (width, height)) > 0.5)

        face_mask = part_mask("Face")
        if not face_mask.any():
            raise PhotoError("The face cannot be made out; use a photo in which it is larger, sharper or less covered.")
        return HeadMask(
            face_mask, complete_head(face_mask, face_mask | part_mask("Hair"), part_mask("Human") | face_mask)
        )


def _pixels_in_box(mask: ArrayLike, face: Face, ratio: float) -> int:
    margin_x, margin_y = face.width / 4, face.height / 4
    left, right = (max(int(value / ratio), 0) for value in (face.box[0] - margin_x, face.box[2] + margin_x))
    top, bottom = (max(int(value / ratio), 0) for value in (face.box[1] - margin_y, face.box[3] + margin_y))
    return int(np.asarray(mask)[top:bottom, left:right].sum())
