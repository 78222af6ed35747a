"""Blending by five landmarks, where no mesh is found: a flat warp in the template's colours, Poisson-blended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.retouch.fuse.opacity import face_side, forehead_opacity, outline_opacity
from facechain_ext.retouch.fuse.warp import warp_onto

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.retouch.fuse.points import FacePoints

_FEATHER = 0.07
"""Width of the feather, in sides of the face."""
_MAX_CHANGE = 14.0
"""Largest change of a pixel by Poisson blending, of 255; light and colour have been matched before."""
_LIGHT_SCALE = 0.13
"""Standard deviation, in sides of the face, of the blur that separates light from features."""


def blend_flat(
    source: Pixels, source_points: FacePoints, view: Pixels, target_points: FacePoints, corner: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The new face over ``view`` float32 [h, w, 3], and its opacity [h, w]; ``corner`` is where the view begins."""
    height, width = view.shape[:2]
    moved = (target_points.points - corner).astype(np.float32)
    warped = warp_onto(source, source_points.points, moved, (width, height))
    alpha = outline_opacity(target_points, corner, view.shape, _FEATHER)
    alpha = alpha * forehead_opacity(warped, view, target_points, corner)
    inside = alpha > 0.5
    if not inside.any():
        return view.astype(np.float32), np.zeros_like(alpha)
    return _poisson_blend(_match_color(warped, view, inside, face_side(target_points)), view, alpha > 0.02), alpha


def _match_color(warped: Pixels, view: Pixels, inside: Mask, side: float) -> Pixels:
    """``warped`` with the colours and the light of ``view``, in Lab, measured inside the mask.

    First mean and standard deviation of each channel are matched, then the wide-blurred difference is added, which
    transfers light from one side.
    """
    source = cv2.cvtColor(warped.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    target = cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    for channel in range(3):
        source_values, target_values = source[..., channel][inside], target[..., channel][inside]
        # deviations also differ by beards or lamps; matching them fully would flatten or clip the face
        ratio = float(np.clip(target_values.std() / max(source_values.std(), 1e-3), 0.6, 1.8))
        source[..., channel] = (source[..., channel] - source_values.mean()) * ratio + target_values.mean()
    weight = inside.astype(np.float32)
    difference = _wide_blur((target - source) * weight[..., None], side * _LIGHT_SCALE)
    coverage = _wide_blur(weight, side * _LIGHT_SCALE)
    source = source + difference / np.maximum(coverage, 0.05)[..., None]
    rgb = cv2.cvtColor(source, cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(rgb * 255 + 0.5, 0, 255), np.uint8)


def _wide_blur(values: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """A Gaussian blur of large ``deviation``, computed at a reduced size."""
    step = max(int(deviation / 6), 1)
    height, width = values.shape[:2]
    small = cv2.resize(values, (max(width // step, 1), max(height // step, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(deviation / step, 0.5))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _poisson_blend(warped: Pixels, view: Pixels, region: Mask) -> NDArray[np.float32]:
    """``warped`` inside ``region`` with its own gradients and the boundary values of ``view`` (Poisson blending).

    The change is limited to _MAX_CHANGE: where the boundary crosses hair in one picture only, the full change would
    brighten half of the face. Float32 [height, width, 3] in 0..255.
    """
    pad = 2  # seamlessClone needs a region away from the border
    mask = cv2.copyMakeBorder(region.astype(np.uint8) * 255, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    source, target = (cv2.copyMakeBorder(p, pad, pad, pad, pad, cv2.BORDER_REPLICATE) for p in (warped, view))
    x, y, width, height = cv2.boundingRect(mask)
    if width < 3 or height < 3:
        return warped.astype(np.float32)
    centre = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(source, target, mask, centre, cv2.NORMAL_CLONE)[pad:-pad, pad:-pad]
    change = cloned.astype(np.float32) - warped
    return np.asarray(warped + _MAX_CHANGE * np.tanh(change / _MAX_CHANGE), np.float32)
