"""The mask of a head: long hair segmented by colour and texture, and FACT's published completion of the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

_BINS = (10, 20, 20, 4)
_MINIMA, _MAXIMA = (0, -40, -40, 0), (100, 60, 60, 4)
"""Bins and range of the histogram of lightness, a and b (Lab), and log2(1 + local deviation of lightness)."""
_MAX_DISTANCE = 1.3
"""Largest horizontal distance of long hair from the middle of the face, in widths of the face."""
_MIN_PROBABILITY = 0.5
"""Least probability of hair against skin and clothes: at 0.4 a black dress under black hair was classified as hair."""
_MIN_STRAND_WIDTH = 0.16
"""Least width of a strand, in widths of the face; edges of clothes have similar features, but are thinner."""
_MIN_AREA = 0.05
"""Least area of a connected piece, in areas of the face; smaller labels are edges of collars."""


def complete_head(face: Mask, head: Mask, person: Mask) -> Mask:
    """The head mask of FACT's published preparation: hair and face dilated, inside ``person``, largest contour.

    The dilation is a square of side max(int(sqrt(face area) / 20), 1); holes of the largest contour are filled, and
    ``face`` is always part of the result.
    """
    side = max(int(np.sqrt(face.sum()) / 20), 1)
    dilated = cv2.dilate((face | head).astype(np.uint8), np.ones((side, side), np.uint8)) * person
    contours, _ = cv2.findContours(dilated, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(dilated)
    if contours:
        cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return np.asarray((filled > 0) | face)


def segment_long_hair(crop: Pixels, person: Mask, hair: Mask, outline: NDArray[np.floating]) -> Mask:
    """Hair below the mouth that is connected with ``hair`` beside the face, bool [height, width].

    ``crop`` is an upright picture, ``person`` the mask of its person, ``outline`` the oval of the face [n, 2]. A
    histogram of colour and texture separates hair from face, throat and clothes; hair with the features of one of
    these is cut off at the mouth.
    """
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    width, height, middle = right - left, bottom - top, (left + right) / 2
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]]
    distance = np.abs(x - middle)
    inside = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 1)
    mouth = top + 0.72 * height
    dilated_face = cv2.dilate(inside, np.ones((5, 5), np.uint8)) > 0
    seed = _open_mask(hair & ~dilated_face & (y < mouth) & (distance < 0.85 * width), 5)
    non_hair = (
        inside > 0,
        person & (distance < 0.2 * width) & (y > bottom + 0.06 * height) & (y < bottom + 0.3 * height),  # throat
        person & (distance < 0.35 * width) & (y > bottom + 0.45 * height) & (y < bottom + 1.2 * height),  # clothes
    )
    bins = _feature_bins(crop)
    hair_likelihood = _histogram_probability(bins, seed)
    other_likelihood = np.max([_histogram_probability(bins, region) for region in non_hair], axis=0)
    probability = cv2.GaussianBlur(
        (hair_likelihood / (hair_likelihood + other_likelihood + 1e-6)).astype(np.float32), (0, 0), 2.5
    )
    found = person & (y > mouth) & (distance < _MAX_DISTANCE * width) & (probability > _MIN_PROBABILITY) & (inside == 0)
    closed = cv2.morphologyEx((seed | found).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    strand = max(round(_MIN_STRAND_WIDTH * width) | 1, 3)
    count, labels = cv2.connectedComponents(_open_mask(closed > 0, strand).astype(np.uint8))
    connected = np.bincount(labels[seed], minlength=count) > 0
    large = np.bincount(labels[y > mouth], minlength=count) > _MIN_AREA * width * height
    selected = connected & large
    selected[0] = False
    return np.asarray(selected[labels])


def _open_mask(mask: Mask, side: int) -> Mask:
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8)) > 0)


def _feature_bins(crop: Pixels) -> NDArray[np.int64]:
    """The histogram bin of each of the four features of each pixel, int64 [4, height, width]."""
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = lab[..., 0]
    mean = cv2.blur(light, (7, 7))
    deviation = np.sqrt(np.maximum(cv2.blur(light * light, (7, 7)) - mean * mean, 0))
    features = (*np.moveaxis(lab, 2, 0), np.log2(1 + deviation))
    return np.stack(
        [
            np.clip((value - low) / (high - low) * bins, 0, bins - 1).astype(np.int64)
            for value, low, high, bins in zip(features, _MINIMA, _MAXIMA, _BINS, strict=True)
        ]
    )


def _histogram_probability(bins: NDArray[np.int64], region: Mask) -> NDArray[np.float64]:
    """The share of ``region`` in the bin of each pixel, float64 [height, width], smoothed over neighbouring bins."""
    flat = np.ravel_multi_index(tuple(bins), _BINS)
    counts = np.bincount(flat[region], minlength=int(np.prod(_BINS))).reshape(_BINS).astype(np.float64)
    for axis in range(4):
        counts = 0.5 * counts + 0.25 * np.roll(counts, 1, axis) + 0.25 * np.roll(counts, -1, axis)
    shares = counts / max(counts.sum(), 1.0)
    return np.asarray(shares.ravel()[flat])
