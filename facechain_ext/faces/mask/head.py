"""The mask of a head: long hair segmented by colour and texture, and FACT's published completion of the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

_LEVELS = (10, 20, 20, 4)
_LOW, _HIGH = (0, -40, -40, 0), (100, 60, 60, 4)
"""Levels and range of lightness, a and b of Lab, and of the logarithm of how much the lightness varies nearby."""
_REACH = 1.3
"""How far from the middle of the face long hair may hang, in widths of it."""
_TOLD = 0.5
"""Least odds of hair against skin and clothes: at 0.4 a black dress under black hair was taken for hair."""
_STRAND = 0.16
"""Thinnest strand that counts, in widths of the face: edges of clothes look like hair, but are thinner."""
_LEAST = 0.05
"""Smallest piece, in areas of the face, that counts: less is the edge of a collar."""


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


def hair_below(crop: Pixels, person: Mask, hair: Mask, outline: NDArray[np.floating]) -> Mask:
    """Hair that reaches below the mouth, bool [height, width], and hangs together with ``hair`` above it.

    ``crop`` is an upright picture, ``person`` who is in it, ``outline`` the oval of the face [n, 2]. Told from face,
    throat and clothes by how often colours with their texture occur in each, so hair that looks like skin or like the
    clothes before it ends at the mouth, where it is not told apart.
    """
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    width, height, middle = right - left, bottom - top, (left + right) / 2
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]]
    beside = np.abs(x - middle)
    inside = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 1)
    mouth = top + 0.72 * height
    grown = cv2.dilate(inside, np.ones((5, 5), np.uint8)) > 0
    seed = _opened(hair & ~grown & (y < mouth) & (beside < 0.85 * width), 5)
    others = (
        inside > 0,
        person & (beside < 0.2 * width) & (y > bottom + 0.06 * height) & (y < bottom + 0.3 * height),  # throat
        person & (beside < 0.35 * width) & (y > bottom + 0.45 * height) & (y < bottom + 1.2 * height),  # clothes
    )
    looks = _looks(crop)
    likely = _occurrence(looks, seed)
    against = np.max([_occurrence(looks, other) for other in others], axis=0)
    odds = cv2.GaussianBlur((likely / (likely + against + 1e-6)).astype(np.float32), (0, 0), 2.5)
    found = person & (y > mouth) & (beside < _REACH * width) & (odds > _TOLD) & (inside == 0)
    closed = cv2.morphologyEx((seed | found).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    strand = max(round(_STRAND * width) | 1, 3)
    count, pieces = cv2.connectedComponents(_opened(closed > 0, strand).astype(np.uint8))
    hanging = np.bincount(pieces[seed], minlength=count) > 0
    large = np.bincount(pieces[y > mouth], minlength=count) > _LEAST * width * height
    kept = hanging & large
    kept[0] = False
    return np.asarray(kept[pieces])


def _opened(mask: Mask, side: int) -> Mask:
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8)) > 0)


def _looks(crop: Pixels) -> NDArray[np.int64]:
    """The level of each of the four features of each pixel, int64 [4, height, width]."""
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = lab[..., 0]
    mean = cv2.blur(light, (7, 7))
    varies = np.sqrt(np.maximum(cv2.blur(light * light, (7, 7)) - mean * mean, 0))
    features = (*np.moveaxis(lab, 2, 0), np.log2(1 + varies))
    return np.stack(
        [
            np.clip((value - low) / (high - low) * levels, 0, levels - 1).astype(np.int64)
            for value, low, high, levels in zip(features, _LOW, _HIGH, _LEVELS, strict=True)
        ]
    )


def _occurrence(looks: NDArray[np.int64], where: Mask) -> NDArray[np.float64]:
    """How often each pixel's look occurs in ``where``, as a share, smoothed over neighbouring levels."""
    flat = np.ravel_multi_index(tuple(looks), _LEVELS)
    counts = np.bincount(flat[where], minlength=int(np.prod(_LEVELS))).reshape(_LEVELS).astype(np.float64)
    for axis in range(4):
        counts = 0.5 * counts + 0.25 * np.roll(counts, 1, axis) + 0.25 * np.roll(counts, -1, axis)
    shares = counts / max(counts.sum(), 1.0)
    return np.asarray(shares.ravel()[flat])
