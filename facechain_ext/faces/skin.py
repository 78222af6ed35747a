"""Which pixels of a face have the colour of its skin: not hair over the forehead, eyes, lips or a frame of glasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

_SHADOW = 0.35
"""How much a difference in lightness counts beside one in colour: skin has shadows and highlights."""
_FAR = 3.5
"""Spreads from the middle of the sample at which half of the membership is lost."""


def skin_likeness(pixels: Pixels, sample: Mask) -> NDArray[np.float32]:
    """How much each pixel looks like the skin in ``sample``, float32 [height, width] in 0..1.

    ``sample`` marks pixels that are skin for the most part (cheeks and nose); the tenth of it that lies furthest from
    its median does not count. All ones when the sample has under 32 pixels.
    """
    if int(sample.sum()) < 32:
        return np.ones(pixels.shape[:2], np.float32)
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * (_SHADOW, 1.0, 1.0)
    known = lab[sample]
    middle = np.median(known, axis=0)
    away = np.linalg.norm(known - middle, axis=1)
    spread = known[away <= np.quantile(away, 0.9)].std(axis=0)
    spread = np.maximum(spread, 2.0)  # units of Lab: below this, differences are noise of the camera
    distance = np.sqrt((((lab - middle) / spread) ** 2).mean(axis=2))
    return np.asarray(1 / (1 + (distance / _FAR) ** 6), np.float32)
