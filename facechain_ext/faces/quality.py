"""Quality of a photo of a face: a score for ranking a user's photos, and the reasons for a low one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.alignment import align

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, HeadMask, Pixels

_CROP_SIZE = 224
"""Side in pixels of the aligned face that is assessed: twice that of the encoder's input."""
_FULL_SIZE = 160.0
"""Height in pixels from which a larger face adds nothing: 112 for the encoder and a margin for the warp."""


@dataclass(frozen=True)
class Quality:
    """``score`` 0..1, the product of all factors; ``reasons`` for factors below 1, worst first.

    ``factors`` are in 0..1: size, sharpness, exposure, pose, cover.
    """

    score: float
    reasons: tuple[str, ...]
    factors: dict[str, float]

    @property
    def description(self) -> str:
        """The reasons as one line; "good" when there are none."""
        return ", ".join(self.reasons) or "good"


def further_reasons(quality: Quality, notes: Sequence[str]) -> list[str]:
    """The reasons of the quality that ``notes`` do not name yet: small and turned faces have notes of their own."""
    return [
        reason
        for reason in quality.reasons
        if not any(word in reason and word in sentence for word in ("pixels", "turned") for sentence in notes)
    ]


def assess_quality(pixels: Pixels, face: Face, head: HeadMask | None = None) -> Quality:
    """The quality of one face for likeness.

    Side light and expressions do not lower it: exposure is measured on the better-lit half of the face, and no factor
    depends on the mouth. Cover is the part outside the picture and, where ``head`` comes from a parser, the part that
    is hidden (by hair, hands, a mask); a mask from segmentation alone does not show that.
    """
    aligned = align(pixels, face.landmarks, size=_CROP_SIZE)
    grey = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY).astype(np.float32)
    factors = [
        ("size", *_size(face)),
        ("sharpness", *_sharpness(grey, face)),
        ("exposure", *_exposure(grey)),
        ("pose", *_pose(face)),
        ("cover", *_cover(pixels, face, head)),
    ]
    factors.sort(key=lambda row: row[1])
    score = float(np.prod([value for _, value, _ in factors]))
    reasons = tuple(reason for _, _, reason in factors if reason)
    return Quality(score, reasons, {name: value for name, value, _ in factors})


def _size(face: Face) -> tuple[float, str]:
    size = max(face.width, face.height)
    value = float(np.clip((size - 20) / (_FULL_SIZE - 20), 0.02, 1))
    return value, f"only {size:.0f} pixels high" if size < 80 else ""


def _sharpness(grey: NDArray[np.float32], face: Face) -> tuple[float, str]:
    """The loss of gradients under a second blur: small for a blurred face (after Crété et al. 2007).

    Measured at the face's own size up to 224 pixels, so that a small sharp face is not assessed as blurred.
    """
    side = int(np.clip(max(face.width, face.height) * 0.9, 48, _CROP_SIZE))
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    small = small[side // 4 : side * 7 // 8, side // 6 : side * 5 // 6]  # brows to mouth, no background
    losses = []
    for size in ((1, 9), (9, 1)):
        blurred = cv2.blur(small, size)
        axis = 0 if size[1] == 9 else 1
        before, after = (np.abs(np.diff(picture, axis=axis)) for picture in (small, blurred))
        losses.append(float(np.maximum(before - after, 0).sum() / max(float(before.sum()), 1e-6)))
    loss = min(losses)
    # measured on one portrait: 0.68 as it is, 0.5 and below once the eyelashes are blurred away
    value = float(np.clip((loss - 0.25) / (0.55 - 0.25), 0.05, 1))
    return value, "blurred" if value < 0.6 else ""


def _exposure(grey: NDArray[np.float32]) -> tuple[float, str]:
    inner = grey[_CROP_SIZE // 4 : _CROP_SIZE * 7 // 8, _CROP_SIZE // 6 : _CROP_SIZE * 5 // 6]
    middle = inner.shape[1] // 2
    halves = inner[:, :middle], inner[:, middle:]
    brightness = max(float(np.median(half)) for half in halves)
    clipped = min(float((half > 250).mean()) for half in halves)
    # sRGB values: skin of any tone is above 60 in a photo exposed for the face
    dark = float(np.clip((brightness - 10) / (60 - 10), 0.05, 1))
    bright = float(np.clip(1 - (clipped - 0.1) / 0.5, 0.05, 1))
    if dark <= bright:
        return dark, "too dark" if dark < 0.8 else ""
    return bright, "overexposed" if bright < 0.8 else ""


def _pose(face: Face) -> tuple[float, str]:
    yaw, pitch = abs(face.yaw), face.pitch + 8  # the mesh measures -8 for a level gaze
    value = float(np.clip(np.cos(np.radians(yaw)) * np.cos(np.radians(min(abs(pitch), 80))), 0.05, 1))
    value = min(1.0, value / np.cos(np.radians(25)))  # no loss up to 25 degrees
    if yaw > 30 and yaw >= abs(pitch):
        return float(value), f"turned {yaw:.0f}° away"
    if abs(pitch) > 30:
        return float(value), f"looking {'up' if pitch > 0 else 'down'} by {abs(pitch):.0f}°"
    return float(value), ""


def _cover(pixels: Pixels, face: Face, head: HeadMask | None) -> tuple[float, str]:
    height, width = pixels.shape[:2]
    left, top, right, bottom = face.box
    visible_x = max(0.0, min(right, width) - max(left, 0.0)) / max(face.width, 1e-6)
    visible_y = max(0.0, min(bottom, height) - max(top, 0.0)) / max(face.height, 1e-6)
    visible = visible_x * visible_y
    if visible < 0.97:
        return float(np.clip((visible - 0.4) / 0.57, 0.05, 1)), "cut off by the edge of the picture"
    if head is None:
        return 1.0, ""
    # the oval of a face fills pi/4 of its box; hair over the brow takes up to a quarter of that
    box = head.face[max(int(top), 0) : int(bottom) + 1, max(int(left), 0) : int(right) + 1]
    filled = float(box.mean()) / (np.pi / 4)
    value = float(np.clip((filled - 0.35) / 0.35, 0.05, 1))
    return value, "partly covered" if value < 0.8 else ""
