"""The size at which a whole picture is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

_CELL = 8
"""Pixels of a latent cell; sides are multiples of it."""


def fit_size(width: int, height: int, sides: tuple[int, int]) -> tuple[int, int]:
    """Width and height in the picture's proportions: the shorter side as ``sides`` begins, the longer within its end.

    Both are multiples of 8 and at least 64.
    """
    short, longest = sides
    scale = min(short / min(width, height), longest / max(width, height))
    fitted = [max(round(side * scale / _CELL) * _CELL, 64) for side in (width, height)]
    return fitted[0], fitted[1]


def resized(pixels: Pixels, size: tuple[int, int]) -> Image.Image:
    """Pixels uint8 [h, w, 3] or [h, w] at another ``size`` (width, height)."""
    return Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
