"""The own blend: warp, colour, gradients, feather."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.skin import skin_likeness
from facechain_ext.retouch.fuse.points import FacePoints, mesh_points, oval_points, with_own_mouth
from facechain_ext.retouch.fuse.warp import warp_onto

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Mask, Pixels

log = logging.getLogger(__name__)

_FEATHER = 0.07
"""Width of the feather, in sides of the face."""
_MARGIN = 0.35
"""What is worked on around the face, in sides of it."""
_OPEN = 0.05
"""Mouths whose openings, in widths of them, differ by more than this show teeth in one picture only."""
_MOST = 14.0
"""Most that joining along gradients changes a pixel, of 255; light and colour have been matched before."""
_LIGHT = 0.13
"""Standard deviation, in sides of the face, of the blur that tells light from features."""


def blend_face(
    source: Pixels,
    source_face: Face,
    target: Pixels,
    target_face: Face,
    *,
    strength: float = 1.0,
    target_mask: Mask | None = None,
) -> Pixels:
    """``target`` with the face of ``source`` laid over its own: uint8, the size of ``target``.

    Warped triangle by triangle over the face mesh (over five landmarks and an oval where there is no mesh), given the
    target's colours in Lab, joined along gradients (Poisson) and feathered. ``strength`` 0..1 is its opacity;
    ``target_mask`` bool [height, width], such as HeadMask.face, keeps hair and hands before the face where they are.
    The target's own open mouth stays when the source's is shut. The forehead is blended up to half its height.
    """
    if strength <= 0:
        return np.array(target)
    here, there = _points(source, source_face, target, target_face)
    left, top, right, bottom = _window(there, target.shape)
    view = np.ascontiguousarray(target[top:bottom, left:right])
    corner = np.array([left, top], dtype=np.float32)
    if _opening(here) > _opening(there) + _OPEN:
        there = with_own_mouth(here, there)
    moved = warp_onto(source, here.points, there.points - corner, (right - left, bottom - top))
    alpha = _opacity(here, there, corner, view.shape)
    skin = _skin(moved, view, there, corner)
    alpha = alpha * skin
    if target_mask is not None:
        alpha = alpha * _soft(target_mask[top:bottom, left:right], there)
    inside = alpha > 0.5
    if inside.sum() < 64:
        log.warning("nothing of the face lies inside the picture; it is left as it is")
        return np.array(target)
    coloured = _joined(_coloured(moved, view, inside, _side(there)), view, alpha > 0.02)
    mix = alpha[..., None] * min(strength, 1.0)
    result = np.array(target)
    result[top:bottom, left:right] = np.clip(mix * coloured + (1 - mix) * view + 0.5, 0, 255).astype(np.uint8)
    return result


def _points(source: Pixels, source_face: Face, target: Pixels, target_face: Face) -> tuple[FacePoints, FacePoints]:
    """The same kind of points on both faces."""
    try:
        both = mesh_points(source, source_face), mesh_points(target, target_face)
    except ImportError:
        log.info("no mediapipe: blending over five landmarks")
        both = None, None
    if both[0] is not None and both[1] is not None:
        return both[0], both[1]
    return oval_points(source_face), oval_points(target_face)


def _window(there: FacePoints, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The part of the picture that is worked on: left, top, right, bottom, inside it."""
    low, high = there.points.min(0), there.points.max(0)
    margin = _MARGIN * float((high - low).max())
    left, top = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(low - margin, shape[1::-1], strict=True))
    right, bottom = (int(np.clip(value, 1, limit)) for value, limit in zip(high + margin, shape[1::-1], strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _side(there: FacePoints) -> float:
    """The face's side in pixels."""
    return float(np.ptp(there.points, axis=0).max())


def _filled(points: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(points * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(canvas / 255, np.float32)


def _opacity(
    here: FacePoints, there: FacePoints, corner: NDArray[np.float32], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """How much of the source shows, float32 [height, width] in 0..1: full inside, falling to 0 at the outline."""
    side = _side(there)
    feather = max(_FEATHER * side, 1.0)
    inside = _filled(there.outline - corner, shape)
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_REPLICATE)  # the frame is no edge of the face
    reach = cv2.distanceTransform((padded > 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    falling = np.clip(reach / (2 * feather), 0, 1)
    alpha = falling * falling * (3 - 2 * falling)  # no kinks at either end
    if there.mouth is not None and _opening(here) < _opening(there) - _OPEN:
        lips = cv2.GaussianBlur(_filled(there.mouth - corner, shape), (0, 0), max(side * 0.008, 0.8))
        alpha = alpha * (1 - lips)
    return np.asarray(alpha, np.float32)


def _opening(face: FacePoints) -> float:
    """Height of the mouth's opening in widths of it; 0 when shut."""
    if face.mouth is None:
        return 0.0
    width = float(np.linalg.norm(face.mouth[10] - face.mouth[0]))
    return float(np.linalg.norm(face.mouth[15] - face.mouth[5])) / max(width, 1e-6)


def _soft(mask: Mask, there: FacePoints) -> NDArray[np.float32]:
    """A mask with its edge softened inwards."""
    width = max(int(_side(there) * 0.02), 1)
    hard = cv2.erode(mask.astype(np.float32), np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), width), np.float32)


def _skin(moved: Pixels, view: Pixels, there: FacePoints, corner: NDArray[np.float32]) -> NDArray[np.float32]:
    """1, and on the forehead only where both faces show skin: a fringe neither comes over nor is painted over."""
    side = _side(there)
    sample = _filled(there.skin - corner, view.shape) > 0.5
    both = np.minimum(skin_likeness(moved, sample), skin_likeness(view, sample))
    width = max(side * 0.015, 0.8)
    hard = cv2.erode((both > 0.5).astype(np.float32), np.ones((3, 3), np.uint8), iterations=max(round(side * 0.012), 1))
    forehead = cv2.GaussianBlur(_filled(there.forehead - corner, view.shape), (0, 0), width)
    return np.asarray(1 - forehead * (1 - cv2.GaussianBlur(hard, (0, 0), width)), np.float32)


def _coloured(moved: Pixels, view: Pixels, inside: Mask, side: float) -> Pixels:
    """``moved`` in the colours and the light of ``view``, in Lab, measured inside the mask.

    Mean and spread of each channel first, then what is left of the difference after a wide blur: a lamp from one
    side stays on the side where the target has it.
    """
    give = cv2.cvtColor(moved.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    take = cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    for channel in range(3):
        from_, to = give[..., channel][inside], take[..., channel][inside]
        # spreads differ by a beard or a lamp too; following them all the way would crush or blow the face
        ratio = float(np.clip(to.std() / max(from_.std(), 1e-3), 0.6, 1.8))
        give[..., channel] = (give[..., channel] - from_.mean()) * ratio + to.mean()
    weight = inside.astype(np.float32)
    difference = _blurred((take - give) * weight[..., None], side * _LIGHT)
    reach = _blurred(weight, side * _LIGHT)
    give = give + difference / np.maximum(reach, 0.05)[..., None]
    rgb = cv2.cvtColor(give, cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(rgb * 255 + 0.5, 0, 255), np.uint8)


def _blurred(values: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """A wide Gaussian blur, at a size where it is cheap."""
    step = max(int(deviation / 6), 1)
    height, width = values.shape[:2]
    small = cv2.resize(values, (max(width // step, 1), max(height // step, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(deviation / step, 0.5))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _joined(moved: Pixels, view: Pixels, region: Mask) -> NDArray[np.float32]:
    """``moved`` inside ``region`` with its gradients kept and the brightness along the edge taken from ``view``.

    What that adds is held to _MOST: where the edge runs through a wisp of hair in one picture only, following it all
    the way would light up half the face. Float32 [height, width, 3] in 0..255.
    """
    pad = 2  # seamlessClone wants the region away from the border
    mask = cv2.copyMakeBorder(region.astype(np.uint8) * 255, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    frame = [cv2.copyMakeBorder(part, pad, pad, pad, pad, cv2.BORDER_REPLICATE) for part in (moved, view)]
    x, y, width, height = cv2.boundingRect(mask)
    if width < 3 or height < 3:
        return moved.astype(np.float32)
    centre = (x + width // 2, y + height // 2)
    joined = cv2.seamlessClone(frame[0], frame[1], mask, centre, cv2.NORMAL_CLONE)[pad:-pad, pad:-pad]
    change = joined.astype(np.float32) - moved
    return moved + _MOST * np.tanh(change / _MOST)  # type: ignore[no-any-return]
