"""The colour shift: mean and spread of one region's colours given to another's, in floating-point Lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

_LEAST_SPREAD = 0.3
"""Spread in Lab below which a region is of one colour: what rounding to 8 bits spreads must not be stretched."""
_ROUNDS = 4
"""How often what clipping at black and white took from mean and spread is put back."""


def shift_color(pixels: Pixels, region: Mask, reference: Pixels, reference_region: Mask) -> Pixels:
    """``pixels`` uint8 [h, w, 3] with the mean and spread of ``reference`` inside ``reference_region`` (Reinhard 2001).

    The transform is measured inside ``region`` and applied to the whole picture, for the caller to blend. Pictures may
    have different sizes; each mask has its own picture's. 8-bit Lab would round colours to steps of up to two grey
    levels, so all is computed in floats and rounded once. A region of one colour is moved and not spread. Where either
    region is empty the picture comes back as it is.
    """
    if not region.any() or not reference_region.any():
        return pixels
    wanted = _lab(reference)[reference_region].astype(np.float64)
    mean, spread = wanted.mean(0), wanted.std(0)
    lab = _lab(pixels)
    moved = lab
    for _ in range(_ROUNDS):
        own = _lab_of_floats(_rgb(moved))[region].astype(np.float64)
        own_mean, own_spread = own.mean(0), own.std(0)
        ratio = np.where(own_spread > _LEAST_SPREAD, spread / np.maximum(own_spread, _LEAST_SPREAD), 1.0)
        moved = np.asarray((moved - own_mean) * ratio + mean, np.float32)
    return np.asarray(_rgb(moved) * 255 + 0.5, np.uint8)


def box_blur(mask: Mask, width: int) -> NDArray[np.float32]:
    """A mask bool [h, w] as float32 in 0..1, blurred by a box ``width`` pixels wide."""
    size = max(width, 1)
    return np.asarray(cv2.blur(mask.astype(np.float32), (size, size)), np.float32)


def blend_by(share: NDArray[np.float32], new: Pixels, old: Pixels) -> Pixels:
    """``new`` over ``old`` by a share [h, w] in 0..1; where it is 0 not a bit of ``old`` changes."""
    mixed = old + share[..., None] * (new.astype(np.float32) - old)
    return np.where(share[..., None] > 0, np.clip(mixed + 0.5, 0, 255).astype(np.uint8), old)


def _lab(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def _lab_of_floats(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2LAB))


def _rgb(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1), np.float32)
