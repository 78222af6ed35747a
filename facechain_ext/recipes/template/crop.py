"""The size of what is painted; the square crop around a face, its mask, its colours, and pasting it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.recipes.template.settings import SIDES

if TYPE_CHECKING:
    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.template.faces import TemplateFace

FACE_SHARE = 0.7
"""Side of the face in sides of the crop that is painted: the published value."""
_CELL = 8
"""Pixels of a latent cell, of which the sides of a picture are multiples."""
_SURROUNDINGS = 0.45
"""How far beyond the face ears and neck follow the person's complexion, in sides of the face."""
_SHIFT = np.array([10.0, 6.0, 6.0], np.float32)
"""Most that matching moves L, a and b: what sampling drifts by, less than what tells two complexions apart."""
_SPREAD = (0.85, 1.15)
"""Bounds of what matching does to the contrast."""


def painted_side(side: int, limits: tuple[int, int] = SIDES) -> int:
    """The side at which a crop of ``side`` pixels is painted: a multiple of 64 within ``limits``."""
    return int(np.clip(-(-side // 64) * 64, *limits))


def fit_size(width: int, height: int, sides: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a whole picture that is painted, in its proportions, as multiples of 8 from 64 on.

    The shorter side is as ``sides`` begins, where that keeps the longer within its end.
    """
    short, longest = sides
    scale = min(short / min(width, height), longest / max(width, height))
    fitted = [max(round(side * scale / _CELL) * _CELL, 64) for side in (width, height)]
    return fitted[0], fitted[1]


def resized(pixels: Pixels, size: tuple[int, int]) -> Image.Image:
    """Pixels uint8 [h, w, 3] or [h, w] at another ``size`` (width, height)."""
    return Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)


def face_crop(target: TemplateFace) -> tuple[int, int, int]:
    """Left, top and side of the square around the face that is painted."""
    side = int(np.ceil(max(target.face.width, target.face.height) / FACE_SHARE))
    x, y = target.face.centre
    return round(x - side / 2), round(y - side / 2), side


def square(pixels: Pixels, left: int, top: int, side: int) -> Pixels:
    """A square part of a picture [h, w, c], black where it reaches beyond."""
    height, width = pixels.shape[:2]
    part = np.zeros((side, side, pixels.shape[2]), np.uint8)
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    part[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = pixels[rows, columns]
    return part


def dilate(mask: Mask, reach: float) -> Mask:
    """A mask bool [h, w] dilated by ``reach`` pixels (at least 1) in every direction."""
    pixels = max(round(reach), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def dilate_mask(target: TemplateFace, growth: float) -> Mask:
    """The face's mask dilated by ``growth`` sides of the face, without what occludes it."""
    return dilate(target.mask, growth * max(target.face.width, target.face.height)) & ~target.covered


def surroundings(target: TemplateFace) -> Mask:
    """Where ears and neck may follow the person's complexion: near the face, without what occludes it."""
    height, width = target.mask.shape
    rows, columns = np.nonzero(target.mask.any(1))[0], np.nonzero(target.mask.any(0))[0]
    near = np.zeros_like(target.mask)
    if not len(rows):
        return near
    reach = _SURROUNDINGS * max(target.face.width, target.face.height)
    margin = int(np.ceil(reach)) + 1
    part = np.s_[
        max(rows[0] - margin, 0) : min(rows[-1] + margin + 1, height),
        max(columns[0] - margin, 0) : min(columns[-1] + margin + 1, width),
    ]
    outside = (~target.mask[part]).astype(np.uint8)
    near[part] = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= reach
    return np.asarray(near & ~target.covered)


def match_color(new: Pixels, old: Pixels, mask: Mask) -> Pixels:
    """``new`` [h, w, 3] in the light and cast of ``old``: mean and spread in Lab inside ``mask``, within bounds.

    The bounds keep the person's own complexion; without a pixel in the mask ``new`` comes back as it is.
    """
    if not mask.any():
        return new
    source, reference = (cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for one in (new, old))
    own, wanted = source[mask], reference[mask]
    shift = np.clip(wanted.mean(0) - own.mean(0), -_SHIFT, _SHIFT)
    ratio = np.clip(wanted.std(0) / np.maximum(own.std(0), 1e-3), *_SPREAD)
    moved = (source - own.mean(0)) * ratio + own.mean(0) + shift
    rgb = cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(rgb * 255 + 0.5, 0, 255), np.uint8)


def paste(picture: Pixels, new: Pixels, mask: Mask, left: int, top: int, feather: float) -> None:
    """Blend ``new`` [side, side, 3] into ``picture`` in place inside ``mask``, feathered by ``feather`` pixels."""
    height, width = picture.shape[:2]
    side = len(new)
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    inside = cv2.distanceTransform(mask[rows, columns].astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    alpha = np.clip(inside / max(feather, 1.0), 0, 1)[..., None]
    part = new[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    view = picture[rows, columns]
    picture[rows, columns] = (alpha * part + (1 - alpha) * view + 0.5).astype(np.uint8)
