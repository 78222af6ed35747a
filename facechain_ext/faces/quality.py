"""How good a photo of a face is: a score for ranking a user's photos, and the reasons in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.alignment import align

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, HeadMask, Pixels

_DETAIL = 224
"""Side in pixels of the aligned face that is looked at: twice what the encoder sees."""
_FULL_SIZE = 160.0
"""Height in pixels from which a larger face adds nothing: 112 for the encoder and a margin for the warp."""


@dataclass(frozen=True)
class Quality:
    """``score`` 0..1 (1 is faultless), the lowest and the rest multiplied; ``reasons`` in words, worst first.

    ``factors`` are in 0..1: size, sharpness, exposure, pose, cover.
    """

    score: float
    reasons: tuple[str, ...]
    factors: dict[str, float]

    @property
    def description(self) -> str:
        """The reasons as one line; "good" when there are none."""
        return ", ".join(self.reasons) or "good"


def assess_quality(pixels: Pixels, face: Face, head: HeadMask | None = None) -> Quality:
    """The quality of one face for likeness.

    Light from one side and expressions cost nothing: exposure is judged on the better-lit half of the face, and no
    part looks at the mouth. Cover counts what lies outside the picture and, where ``head`` comes from a parser, what
    hides the face (hair, hands, a mask); a mask from segmentation alone cannot see that.
    """
    detail = align(pixels, face.landmarks, size=_DETAIL)
    grey = cv2.cvtColor(detail, cv2.COLOR_RGB2GRAY).astype(np.float32)
    judged = [
        ("size", *_size(face)),
        ("sharpness", *_sharpness(grey, face)),
        ("exposure", *_exposure(grey)),
        ("pose", *_pose(face)),
        ("cover", *_cover(pixels, face, head)),
    ]
    judged.sort(key=lambda row: row[1])
    score = float(np.prod([value for _, value, _ in judged]))
    reasons = tuple(reason for _, _, reason in judged if reason)
    return Quality(score, reasons, {name: value for name, value, _ in judged})


def _size(face: Face) -> tuple[float, str]:
    size = max(face.width, face.height)
    value = float(np.clip((size - 20) / (_FULL_SIZE - 20), 0.02, 1))
    return value, f"only {size:.0f} pixels high" if size < 80 else ""


def _sharpness(grey: NDArray[np.float32], face: Face) -> tuple[float, str]:
    """What a second blur takes away: little from a blurred face, much from a sharp one (after Crété et al. 2007).

    Measured at the face's own size up to 224 pixels, so that a small sharp face is called small, not blurred.
    """
    own = int(np.clip(max(face.width, face.height) * 0.9, 48, _DETAIL))
    small = cv2.resize(grey, (own, own), interpolation=cv2.INTER_AREA)
    small = small[own // 4 : own * 7 // 8, own // 6 : own * 5 // 6]  # brows to mouth, no background
    lost = []
    for size in ((1, 9), (9, 1)):
        blurred = cv2.blur(small, size)
        axis = 0 if size[1] == 9 else 1
        before, after = (np.abs(np.diff(part, axis=axis)) for part in (small, blurred))
        lost.append(float(np.maximum(before - after, 0).sum() / max(float(before.sum()), 1e-6)))
    kept = min(lost)
    # astronaut: 0.68 as it is, 0.5 and below where the eyelashes are gone
    value = float(np.clip((kept - 0.25) / (0.55 - 0.25), 0.05, 1))
    return value, "blurred" if value < 0.6 else ""


def _exposure(grey: NDArray[np.float32]) -> tuple[float, str]:
    inner = grey[_DETAIL // 4 : _DETAIL * 7 // 8, _DETAIL // 6 : _DETAIL * 5 // 6]
    middle = inner.shape[1] // 2
    halves = inner[:, :middle], inner[:, middle:]
    light = max(float(np.median(half)) for half in halves)
    burnt = min(float((half > 250).mean()) for half in halves)
    # sRGB values: skin of any tone is above 60 in a photo exposed for the face
    dark = float(np.clip((light - 10) / (60 - 10), 0.05, 1))
    bright = float(np.clip(1 - (burnt - 0.1) / 0.5, 0.05, 1))
    if dark <= bright:
        return dark, "too dark" if dark < 0.8 else ""
    return bright, "overexposed" if bright < 0.8 else ""


def _pose(face: Face) -> tuple[float, str]:
    yaw, pitch = abs(face.yaw), face.pitch + 8  # a level gaze reads as -8: the mesh leans back
    value = float(np.clip(np.cos(np.radians(yaw)) * np.cos(np.radians(min(abs(pitch), 80))), 0.05, 1))
    value = min(1.0, value / np.cos(np.radians(25)))  # up to 25° nothing is lost
    if yaw > 30 and yaw >= abs(pitch):
        return float(value), f"turned {yaw:.0f}° away"
    if abs(pitch) > 30:
        return float(value), f"looking {'up' if pitch > 0 else 'down'} by {abs(pitch):.0f}°"
    return float(value), ""


def _cover(pixels: Pixels, face: Face, head: HeadMask | None) -> tuple[float, str]:
    height, width = pixels.shape[:2]
    left, top, right, bottom = face.box
    seen_x = max(0.0, min(right, width) - max(left, 0.0)) / max(face.width, 1e-6)
    seen_y = max(0.0, min(bottom, height) - max(top, 0.0)) / max(face.height, 1e-6)
    inside = seen_x * seen_y
    if inside < 0.97:
        return float(np.clip((inside - 0.4) / 0.57, 0.05, 1)), "cut off by the edge of the picture"
    if head is None:
        return 1.0, ""
    # the oval of a face fills pi/4 of its box; hair over the brow takes up to a quarter of that
    box = head.face[max(int(top), 0) : int(bottom) + 1, max(int(left), 0) : int(right) + 1]
    filled = float(box.mean()) / (np.pi / 4)
    value = float(np.clip((filled - 0.35) / 0.35, 0.05, 1))
    return value, "partly covered" if value < 0.8 else ""
