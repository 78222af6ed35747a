"""Further views of a single photo: mirrored, closer, tilted, in other light (FaceChain v2's one-shot learns such)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.faces.types import Mask, Pixels

_CLOSER = 0.78
"""Side of the closer view in sides of the square."""
_TILT = 7.0
"""Degrees of the tilted view; people seldom hold their head further to a side in a photo."""
_GAMMA, _CAST, _SIDE_LIGHT = 1.35, 0.08, 0.25
"""Exponent of the darker view (its inverse of the brighter one), share of the warmer view's cast, of the side light."""
_SIDES = {"to the left": "to the right", "to the right": "to the left"}


@dataclass(frozen=True, eq=False)
class PhotoView:
    """One view: its name, RGB ``pixels`` uint8 [s, s, 3] and the head's ``mask`` [s, s]."""

    name: str
    pixels: Pixels
    mask: Mask


def photo_views(pixels: Pixels, mask: Mask) -> list[PhotoView]:
    """The views of a square and of the head in it, always the same."""
    return [PhotoView(name, *make(pixels, mask)) for name, make in _VIEWS.items()]


def view_caption(name: str, caption: str) -> str:
    """The caption of a view of a square that has this caption: a mirrored person looks to the other side."""
    if name != "mirrored":
        return caption
    for words, other in _SIDES.items():
        if words in caption:
            return caption.replace(words, other)
    return caption


def _mirrored(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    return np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])


def _closer(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """The part around the head; without a head the middle."""
    side = len(pixels)
    part = max(round(side * _CLOSER), 1)
    rows, columns = np.nonzero(mask)
    y, x = (rows.mean(), columns.mean()) if len(rows) else (side / 2, side / 2)
    top, left = (int(np.clip(round(middle - part / 2), 0, side - part)) for middle in (y, x))
    cut = np.s_[top : top + part, left : left + part]
    return _resized(pixels[cut], side), _resized(mask[cut].astype(np.uint8) * 255, side) >= 128


def _tilted(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    side = len(pixels)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), _TILT, 1.0)
    border = cv2.BORDER_REFLECT_101
    turned = cv2.warpAffine(pixels, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    grey = cv2.warpAffine(mask.astype(np.uint8) * 255, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(turned, np.uint8), np.asarray(grey >= 128)


def _gamma(exponent: float) -> Callable[[Pixels, Mask], tuple[Pixels, Mask]]:
    table = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return lambda pixels, mask: (table[pixels], mask)


def _warmer(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    return _times(pixels, np.array([1 + _CAST, 1.0, 1 - _CAST])), mask


def _lit_from_a_side(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    across = np.linspace(1 + _SIDE_LIGHT, 1 - _SIDE_LIGHT, pixels.shape[1])
    return _times(pixels, across[None, :, None]), mask


def _times(pixels: Pixels, factors: np.ndarray) -> Pixels:
    return np.asarray(np.clip(np.round(pixels * factors), 0, 255), np.uint8)


def _resized(pixels: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


_VIEWS: dict[str, Callable[[Pixels, Mask], tuple[Pixels, Mask]]] = {
    "mirrored": _mirrored,
    "closer": _closer,
    "tilted": _tilted,
    "darker": _gamma(_GAMMA),
    "brighter": _gamma(1 / _GAMMA),
    "warmer": _warmer,
    "lit from a side": _lit_from_a_side,
}
