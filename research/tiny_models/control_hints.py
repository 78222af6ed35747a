"""Control pictures of the tiny ControlNet: openpose skeletons of rendered people, from the known landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from facechain_ext.recipes.skeleton import draw_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.faces.types import Pixels, Points
    from research.tiny_models.pictures import RenderedPictures

_NECK, _SHOULDER, _EAR = 1.7, 1.9, 0.75
"""Neck below the mouth, shoulder beside the neck, ear beside the eye: in eye distances, as the renderer places them."""


def render_skeleton(landmarks: Points, side: int) -> Pixels:
    """Openpose head, neck and shoulders for five ``landmarks`` [5, 2] in pixels, on black, uint8 [side, side, 3]."""
    left_eye, right_eye, nose, left_mouth, right_mouth = (np.asarray(point, float) for point in landmarks)
    across = right_eye - left_eye
    eye_distance = max(float(np.hypot(*across)), 1.0)
    neck = (left_mouth + right_mouth) / 2 + np.array((0.0, _NECK * eye_distance))
    slope = np.array((_SHOULDER * eye_distance, 0.3 * eye_distance))
    points = {
        0: nose,
        1: neck,
        2: neck - slope * (1, -1),
        5: neck + slope,
        14: left_eye,
        15: right_eye,
        16: left_eye - _EAR * across,
        17: right_eye + _EAR * across,
    }
    canvas = np.zeros((side, side, 3), np.uint8)
    draw_body(canvas, {number: (float(x), float(y)) for number, (x, y) in points.items()})
    return canvas


def control_hints(pictures: RenderedPictures) -> Callable[[np.ndarray], Tensor]:
    """A function from picture indices [b] to their skeletons [b, 3, side, side] in 0..1."""

    def render(indices: np.ndarray) -> Tensor:
        skeletons = np.stack([render_skeleton(pictures["landmarks"][n], pictures.side) for n in indices])
        return torch.from_numpy(skeletons.astype(np.float32) / 255.0).permute(0, 3, 1, 2)

    return render
