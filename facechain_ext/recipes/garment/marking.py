"""Which pixels are the garment: a mask's picture, or what points in and beside it say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.faces.decoding import decode_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Mask, Pixels

Point = tuple[float, float]
"""x and y in fractions of the picture."""

_SMALLEST, _LARGEST = 0.002, 0.98
"""Shares of the picture from which to which a mark counts as a garment."""
_WORK_SIDE = 384
"""Longer side in pixels at which a mark grows from its points; its border is then refined at the picture's size."""
_DOT = 0.015
"""Radius of a point, in sides of the picture."""
_ROUNDS = 4
"""Iterations of GrabCut, after which its border hardly moves."""
_REACH = 0.35
"""How far from its nearest point a garment may reach, in diagonals of the picture."""


def read_mask(content: bytes, pixels: Pixels, name: str = "the mask") -> Mask:
    """The garment as bool [h, w] from a mask's picture of the photo's size: white is garment.

    Of a picture with opacity, as a brush on a page makes it, what is opaque counts where no pixel is white. Raises
    PhotoError for what is no picture, InputError for another size.
    """
    decoded = decode_picture(content, name)
    height, width = pixels.shape[:2]
    if decoded.pixels.shape[:2] != (height, width):
        h, w = decoded.pixels.shape[:2]
        raise InputError(f"{name} is {w}x{h} and the photo {width}x{height}; they must have the same size.")
    white = np.asarray(Image.fromarray(decoded.pixels).convert("L")) >= 128
    if decoded.alpha is not None:
        opaque = decoded.alpha >= 128
        return np.asarray(white & opaque) if (white & opaque).any() else opaque
    return white


def check_mark(mask: Mask) -> None:
    """Raise InputError where nothing or everything is marked, in words that say what to do."""
    share = float(mask.mean())
    if share < _SMALLEST:
        raise InputError("Nothing is marked as the garment. Mark it: white is what stays as it is.")
    if share > _LARGEST:
        raise InputError("Everything is marked as the garment, and nothing is left to paint. Mark the garment alone.")


def mark_garment(pixels: Pixels, inside: Sequence[Point], outside: Sequence[Point] = ()) -> Mask:
    """The garment around points in it, bool [h, w], grown by GrabCut; ``outside`` are points beside it.

    Points are fractions of the picture. What is further than a third of the picture from every point is not the
    garment. Raises InputError without a point in it, and for points beyond the picture; PhotoError where nothing grows
    from the points.
    """
    if not inside:
        raise InputError("Click into the garment first; clicks beside it make it smaller.")
    if any(not 0 <= side <= 1 for point in (*inside, *outside) for side in point):
        raise InputError("Points of a garment are fractions of the picture, from 0 to 1.")
    height, width = pixels.shape[:2]
    scale = min(1.0, _WORK_SIDE / max(height, width))
    size = max(round(width * scale), 8), max(round(height * scale), 8)
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    marks = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    dots = _dots(marks.shape, inside)
    near = cv2.distanceTransform((~dots).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    marks[near > _REACH * float(np.hypot(*size))] = cv2.GC_BGD
    # what is as near in colour as the points are among themselves begins as garment
    marks[_like(small, dots) & (marks == cv2.GC_PR_BGD)] = cv2.GC_PR_FGD
    marks[dots] = cv2.GC_FGD
    marks[_dots(marks.shape, outside)] = cv2.GC_BGD
    models = np.zeros((2, 1, 65), np.float64)
    if (marks == cv2.GC_PR_BGD).any() or (marks == cv2.GC_BGD).any():
        cv2.setRNGSeed(0)
        cv2.grabCut(
            np.ascontiguousarray(small[..., ::-1]), marks, None, models[0], models[1], _ROUNDS, cv2.GC_INIT_WITH_MASK
        )
    grown = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))
    connected = _connected(grown, dots)
    if not connected.any():
        raise PhotoError("Nothing grows from these points; click into the middle of the garment.")
    smooth = cv2.morphologyEx(connected.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    large = cv2.resize(smooth.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 0.5)


def _dots(shape: tuple[int, ...], points: Sequence[Point]) -> Mask:
    canvas = np.zeros(shape, np.uint8)
    radius = max(round(_DOT * max(shape)), 1)
    for x, y in points:
        centre = min(int(x * shape[1]), shape[1] - 1), min(int(y * shape[0]), shape[0] - 1)
        cv2.circle(canvas, centre, radius, 1, cv2.FILLED)
    return canvas > 0


def _like(pixels: Pixels, sample: Mask) -> Mask:
    """Pixels within three deviations of the nearest colour of the sample, in Lab."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    colours = lab[sample]
    spread = max(3.0, 3.0 * float(np.median(np.abs(colours - np.median(colours, 0)))))
    steps = max(len(colours) // 64, 1)
    nearest = np.min([np.linalg.norm(lab - colour, axis=2) for colour in colours[::steps]], axis=0)
    return np.asarray(nearest < spread)


def _connected(mask: Mask, dots: Mask) -> Mask:
    """The parts of a mask that hold a point."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    wanted = np.unique(labels[dots & mask])
    return np.asarray(np.isin(labels, wanted[wanted > 0]))
