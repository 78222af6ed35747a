"""What can be said of a photo from its face alone, where no network describes pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from facechain_ext.faces.types import Face, Pixels

_CLOSE, _BUST = 0.45, 0.28
"""Share of the square's side that a face fills from which it is a close-up, and from which head and shoulders."""
_TURNED = 20.0
"""Yaw in degrees from which a face is turned."""
_GREY = 6.0
"""Mean difference of the colour channels below which a picture is black and white."""


def describe_square(face: Face | None, square: tuple[int, int, int], pixels: Pixels) -> str:
    """Framing, turn of the head and colour of a square uint8 [s, s, 3], as words for a caption."""
    words = []
    if face is not None:
        share = max(face.width, face.height) / max(square[2], 1)
        words.append("close-up" if share >= _CLOSE else "head and shoulders" if share >= _BUST else "upper body")
        if abs(face.yaw) >= _TURNED:
            words.append(f"looking to the {'right' if face.yaw > 0 else 'left'}")
    colours = pixels.astype(np.int16)
    if float(np.abs(colours - colours.mean(2, keepdims=True)).mean()) < _GREY:
        words.append("black and white photo")
    else:
        words.append("photo")
    return ", ".join(words)
