"""Which pixels of a face have the colour of its skin: not hair over the forehead, eyes, lips or a frame of glasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

_LIGHTNESS_WEIGHT = 0.35
"""Weight of a difference in lightness relative to one in colour: skin has shadows and highlights."""
_HALF_DISTANCE = 3.5
"""Distance from the median of the sample, in standard deviations, at which the likeness is 0.5."""
_BAND_PIXELS = 1 << 20
"""Pixels that are compared at once: large faces have tens of megapixels, and each takes 60 bytes meanwhile."""


def skin_likeness(pixels: Pixels, sample: Mask) -> NDArray[np.float32]:
    """The similarity of each pixel to the skin in ``sample``, float32 [height, width] in 0..1.

    ``sample`` marks pixels that are skin for the most part (cheeks and nose); the tenth of it that is furthest from its
    median is ignored. All ones when the sample has under 32 pixels.
    """
    if int(sample.sum()) < 32:
        return np.ones(pixels.shape[:2], np.float32)
    sampled = _weighted_lab(pixels[sample][None])[0]
    median = np.median(sampled, axis=0).astype(np.float32)
    distance = np.linalg.norm(sampled - median, axis=1)
    deviation = sampled[distance <= np.quantile(distance, 0.9)].std(axis=0)
    deviation = np.maximum(deviation, 2.0).astype(np.float32)  # units of Lab: below this, it is noise of the camera
    likeness = np.empty(pixels.shape[:2], np.float32)
    rows = max(_BAND_PIXELS // max(pixels.shape[1], 1), 1)
    for top in range(0, len(pixels), rows):
        away = (_weighted_lab(pixels[top : top + rows]) - median) / (deviation * np.float32(_HALF_DISTANCE))
        squared = np.einsum("hwc,hwc->hw", away, away) / 3
        likeness[top : top + rows] = 1 / (1 + squared**3)
    return likeness


def _weighted_lab(pixels: Pixels) -> NDArray[np.float32]:
    """Pixels [h, w, 3] in Lab with the weight of lightness, float32 [h, w, 3]."""
    weights = np.array((_LIGHTNESS_WEIGHT, 1, 1), np.float32)
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * weights)
