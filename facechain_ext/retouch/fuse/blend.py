"""Blending a face onto another one: warp, color transfer, Poisson blending, feathering."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.skin import skin_likeness
from facechain_ext.retouch.fuse.points import FacePoints, mesh_points, oval_points, with_source_mouth
from facechain_ext.retouch.fuse.warp import warp_onto

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Mask, Pixels

log = logging.getLogger(__name__)

_FEATHER = 0.07
"""Width of the feather, in sides of the face."""
_MARGIN = 0.35
"""Margin of the processed window around the face, in sides of the face."""
_OPENING_DIFFERENCE = 0.05
"""Difference between the openings of two mouths, in widths of the mouth, from which only one of them is open."""
_MAX_CHANGE = 14.0
"""Largest change of a pixel by Poisson blending, of 255; light and colour have been matched before."""
_LIGHT_SCALE = 0.13
"""Standard deviation, in sides of the face, of the blur that separates light from features."""


def blend_face(
    source: Pixels,
    source_face: Face,
    target: Pixels,
    target_face: Face,
    *,
    strength: float = 1.0,
    target_mask: Mask | None = None,
) -> Pixels:
    """``target`` with the face of ``source`` blended over its own: uint8, the size of ``target``.

    Warped triangle by triangle over the face mesh (over five landmarks and an oval where there is no mesh), matched to
    the target's colours in Lab, Poisson-blended and feathered. ``strength`` 0..1 is its opacity;
    ``target_mask`` bool [height, width], such as HeadMask.face, preserves hair and hands in front of the face. An open
    mouth of the target is preserved when the source's is closed. The forehead is blended up to half its height.
    """
    if strength <= 0:
        return np.array(target)
    source_points, target_points = _matching_points(source, source_face, target, target_face)
    left, top, right, bottom = _window(target_points, target.shape)
    view = np.ascontiguousarray(target[top:bottom, left:right])
    corner = np.array([left, top], dtype=np.float32)
    if _opening(source_points) > _opening(target_points) + _OPENING_DIFFERENCE:
        target_points = with_source_mouth(source_points, target_points)
    warped = warp_onto(source, source_points.points, target_points.points - corner, (right - left, bottom - top))
    alpha = _opacity(source_points, target_points, corner, view.shape)
    alpha = alpha * _skin_opacity(warped, view, target_points, corner)
    if target_mask is not None:
        alpha = alpha * _soften(target_mask[top:bottom, left:right], target_points)
    inside = alpha > 0.5
    if inside.sum() < 64:
        log.warning("nothing of the face lies inside the picture; it is not changed")
        return np.array(target)
    matched = _match_color(warped, view, inside, _side(target_points))
    blended = _poisson_blend(matched, view, alpha > 0.02)
    mix = alpha[..., None] * min(strength, 1.0)
    result = np.array(target)
    result[top:bottom, left:right] = np.clip(mix * blended + (1 - mix) * view + 0.5, 0, 255).astype(np.uint8)
    return result


def _matching_points(
    source: Pixels, source_face: Face, target: Pixels, target_face: Face
) -> tuple[FacePoints, FacePoints]:
    """Mesh points of both faces, or oval points of both where one has no mesh."""
    try:
        source_mesh, target_mesh = mesh_points(source, source_face), mesh_points(target, target_face)
    except ImportError:
        log.info("no mediapipe: blending over five landmarks")
        source_mesh, target_mesh = None, None
    if source_mesh is not None and target_mesh is not None:
        return source_mesh, target_mesh
    return oval_points(source_face), oval_points(target_face)


def _window(points: FacePoints, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The processed window, left, top, right and bottom, inside a picture of ``shape``."""
    low, high = points.points.min(0), points.points.max(0)
    margin = _MARGIN * float((high - low).max())
    left, top = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(low - margin, shape[1::-1], strict=True))
    right, bottom = (int(np.clip(value, 1, limit)) for value, limit in zip(high + margin, shape[1::-1], strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _side(points: FacePoints) -> float:
    """The longer side in pixels of the bounding box of the points."""
    return float(np.ptp(points.points, axis=0).max())


def _fill_polygon(polygon: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(canvas / 255, np.float32)


def _opacity(
    source: FacePoints, target: FacePoints, corner: NDArray[np.float32], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The opacity of the source, float32 [height, width] in 0..1: 1 inside, falling smoothly to 0 at the outline."""
    side = _side(target)
    feather = max(_FEATHER * side, 1.0)
    inside = _fill_polygon(target.outline - corner, shape)
    padded = cv2.copyMakeBorder(
        inside, 1, 1, 1, 1, cv2.BORDER_REPLICATE
    )  # the border of the window is no edge of the face
    distance = cv2.distanceTransform((padded > 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    ramp = np.clip(distance / (2 * feather), 0, 1)
    alpha = ramp * ramp * (3 - 2 * ramp)  # smoothstep
    if target.mouth is not None and _opening(source) < _opening(target) - _OPENING_DIFFERENCE:
        lips = cv2.GaussianBlur(_fill_polygon(target.mouth - corner, shape), (0, 0), max(side * 0.008, 0.8))
        alpha = alpha * (1 - lips)
    return np.asarray(alpha, np.float32)


def _opening(face: FacePoints) -> float:
    """Height of the opening of the mouth in widths of the mouth; 0 when closed or unknown."""
    if face.mouth is None:
        return 0.0
    width = float(np.linalg.norm(face.mouth[10] - face.mouth[0]))
    return float(np.linalg.norm(face.mouth[15] - face.mouth[5])) / max(width, 1e-6)


def _soften(mask: Mask, target: FacePoints) -> NDArray[np.float32]:
    """A mask with its edge softened inwards."""
    width = max(int(_side(target) * 0.02), 1)
    hard = cv2.erode(mask.astype(np.float32), np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), width), np.float32)


def _skin_opacity(warped: Pixels, view: Pixels, target: FacePoints, corner: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 outside the forehead, on it 1 where both faces show skin: a fringe is neither transferred nor overwritten."""
    side = _side(target)
    sample = _fill_polygon(target.skin - corner, view.shape) > 0.5
    both = np.minimum(skin_likeness(warped, sample), skin_likeness(view, sample))
    width = max(side * 0.015, 0.8)
    hard = cv2.erode((both > 0.5).astype(np.float32), np.ones((3, 3), np.uint8), iterations=max(round(side * 0.012), 1))
    forehead = cv2.GaussianBlur(_fill_polygon(target.forehead - corner, view.shape), (0, 0), width)
    return np.asarray(1 - forehead * (1 - cv2.GaussianBlur(hard, (0, 0), width)), np.float32)


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
