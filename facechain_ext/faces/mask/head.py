"""From face, hair and person to the head that the encoder sees (FACT's published preparation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from facechain_ext.faces.types import Mask


def complete_head(face: Mask, head: Mask, person: Mask) -> Mask:
    """The head as FACT masks it: ``head`` (hair and face) dilated, inside ``person``, largest piece, with ``face``.

    The dilation is a square of side max(int(sqrt(face area) / 20), 1); holes of the largest piece are filled.
    """
    side = max(int(np.sqrt(face.sum()) / 20), 1)
    grown = cv2.dilate((face | head).astype(np.uint8), np.ones((side, side), np.uint8)) * person
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(grown)
    if contours:
        cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return np.asarray((filled > 0) | face)
