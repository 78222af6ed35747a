"""Light, camera effects and drawing styles applied to a rendered picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Drawing = NDArray[np.floating]
    """A picture between steps, float [h, w, c], 0..255."""

    from facechain_ext.faces.types import Mask, Pixels
    from research.synthetic_world.scenes import Nuisance

_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_SEPIA = np.array((1.08, 0.86, 0.62), np.float32)


def apply_nuisance(pixels: Pixels, nuisance: Nuisance, lit: Mask) -> Pixels:
    """Light from the side on the pixels of ``lit``, then exposure, tint and blur over all."""
    side = pixels.shape[0]
    across = np.linspace(-1, 1, side, dtype=np.float32)[None, :]
    light = 1.0 + 0.28 * nuisance.contrast * nuisance.light * across * lit
    tint = np.array((1 + 0.05 * nuisance.tint, 1.0, 1 - 0.05 * nuisance.tint), np.float32)
    gain = (1.0 + 0.12 * nuisance.exposure) * tint
    out = np.clip(pixels * (light[..., None] * gain), 0, 255).astype(np.uint8)
    if nuisance.blur > 0.05:
        out = cv2.GaussianBlur(out, (0, 0), 0.2 + 1.2 * nuisance.blur)
    return np.asarray(out, np.uint8)


def stylise(pixels: Pixels, style: str) -> Pixels:
    """The picture in one of STYLES; raises KeyError for another style."""
    if style == "photo":
        return pixels
    drawn: Drawing = _STYLES[style](pixels.astype(np.float32))
    return np.asarray(np.clip(drawn, 0, 255), np.uint8)


def _gray(pixels: Drawing) -> Drawing:
    return np.asarray((pixels @ _LUMA)[..., None])


def _edges(pixels: Drawing) -> Drawing:
    """Strength of edges 0..1, [h, w, 1]."""
    gray = _gray(pixels)[..., 0]
    across, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    return np.asarray(np.clip(np.hypot(across, down) / 220.0, 0, 1)[..., None])


def _drawing(pixels: Drawing) -> Drawing:
    return np.asarray((255 - 0.75 * (255 - pixels)) * (1 - 0.8 * _edges(pixels)))


def _sketch(pixels: Drawing) -> Drawing:
    return np.repeat((200 + 0.22 * _gray(pixels)) * (1 - 0.85 * _edges(pixels)), 3, axis=2)


def _watercolor(pixels: Drawing) -> Drawing:
    soft = cv2.bilateralFilter(pixels, 5, 60, 3)
    return np.asarray(60 + 0.8 * soft)


def _cartoon(pixels: Drawing) -> Drawing:
    flat = np.round(pixels / 51.0) * 51.0
    return np.asarray(flat * (1 - 0.9 * (_edges(pixels) > 0.45)))


def _sepia(pixels: Drawing) -> Drawing:
    return np.asarray(_gray(pixels) * _SEPIA)


def _monochrome(pixels: Drawing) -> Drawing:
    return np.repeat(_gray(pixels), 3, axis=2)


def _neon(pixels: Drawing) -> Drawing:
    return np.asarray(0.35 * pixels * np.array((0.9, 0.5, 1.3)) + _edges(pixels) * np.array((80, 255, 255)))


_STYLES = {
    "drawing": _drawing,
    "sketch": _sketch,
    "watercolor": _watercolor,
    "cartoon": _cartoon,
    "sepia photo": _sepia,
    "monochrome photo": _monochrome,
    "neon picture": _neon,
}
