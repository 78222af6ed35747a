"""What a face looks like, coarsely: enough to tell the people of one clip apart when their ways cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.alignment import align

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels

_SIDE = 20
"""Side in pixels to which the aligned face is reduced."""
_INNER = slice(14, 98)
"""The part of the aligned 112 pixels without background."""
_TINT = 18.0
"""Difference in a and b (Lab, 8 bits) that counts as much as structures that have nothing in common."""


class Appearance:
    """The structure and the colour of an aligned face."""

    def __init__(self, pixels: Pixels, face: Face) -> None:
        small = cv2.resize(align(pixels, face.landmarks)[_INNER, _INNER], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
        light = lab[..., 0] - lab[..., 0].mean()
        self._structure: NDArray[np.float32] = np.asarray(light / max(float(np.linalg.norm(light)), 1e-6))
        self._tint: NDArray[np.float32] = np.asarray(lab[..., 1:].mean((0, 1)))

    def difference(self, other: Appearance) -> float:
        """0 for the same picture, about 1 for two people."""
        structure = 1 - float((self._structure * other._structure).sum())
        tint = float(np.linalg.norm(self._tint - other._tint)) / _TINT
        return structure + tint

    def follow(self, other: Appearance, share: float = 0.15) -> None:
        """Take over a share of how the face looks now: light and pose change along a clip."""
        mixed = (1 - share) * self._structure + share * other._structure
        self._structure = np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-6))
        self._tint = np.asarray((1 - share) * self._tint + share * other._tint)
