"""Blending a face onto another one: the person's own shape and complexion in the template's pose and light."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.retouch.fuse.flat_blend import blend_flat
from facechain_ext.retouch.fuse.gaze import follow_gaze, gaze_doubts
from facechain_ext.retouch.fuse.opacity import face_side, soften
from facechain_ext.retouch.fuse.options import BlendOptions
from facechain_ext.retouch.fuse.points import FacePoints, mesh_points, oval_points
from facechain_ext.retouch.fuse.posed_blend import blend_posed

if TYPE_CHECKING:
    from facechain_ext.faces.types import Face, Mask, Pixels

log = logging.getLogger(__name__)

_MARGIN = 0.5
"""Margin of the processed window around the face, in sides of the face."""
_MIN_PIXELS = 64
"""Least number of opaque pixels; below it nothing of the face lies inside the picture."""
_BAND_ROWS = 256
"""Rows that are mixed at once, so that the sums of a large face take little memory."""


def blend_face(
    source: Pixels,
    source_face: Face,
    target: Pixels,
    target_face: Face,
    *,
    strength: float = 1.0,
    target_mask: Mask | None = None,
    surroundings: Mask | None = None,
    options: BlendOptions | None = None,
    notes: list[str] | None = None,
) -> Pixels:
    """``target`` with the face of ``source`` blended over its own: uint8, the size of ``target``.

    Both faces are fitted in depth; the source's shape is turned into the target's pose, what its photo hides comes from
    the other side of the face, and the light is matched. (Over five landmarks, where there is no mesh, shape and
    colours are the target's.) ``strength`` 0..1 is its opacity; ``target_mask`` bool [height, width], such as
    HeadMask.face, preserves hair and hands in front of the face. In ``surroundings``, bool alike, ears and neck are
    blended towards the person's complexion; without it they stay. The forehead is blended up to half its height.
    Sentences on what could not be done as asked are added to ``notes``.
    """
    notes = [] if notes is None else notes
    if strength <= 0:
        return np.array(target)
    points = _matching_points(source, source_face, target, target_face, notes)
    return blend_points(
        source,
        target,
        points,
        strength=strength,
        target_mask=target_mask,
        surroundings=surroundings,
        options=options,
        notes=notes,
    )


def blend_points(
    source: Pixels,
    target: Pixels,
    points: tuple[FacePoints, FacePoints],
    *,
    strength: float = 1.0,
    target_mask: Mask | None = None,
    surroundings: Mask | None = None,
    options: BlendOptions | None = None,
    notes: list[str] | None = None,
) -> Pixels:
    """The same where the points of both faces, the source's and the target's, are known: in the frames of a clip."""
    options, notes = options or BlendOptions(), [] if notes is None else notes
    source_points, target_points = points
    left, top, right, bottom = _window(target_points, target.shape)
    window = np.s_[top:bottom, left:right]
    view = np.ascontiguousarray(target[window])
    corner = np.array([left, top], dtype=np.float64)
    if options.template_gaze:
        notes += gaze_doubts(source_points, target_points)
    if source_points.mesh is None or target_points.mesh is None:
        face, alpha = blend_flat(source, source_points, view, target_points, corner)
        ground = view.astype(np.float32)
    else:
        around = None if surroundings is None else surroundings[window]
        if options.template_gaze:
            source = follow_gaze(source, source_points, target_points)
        posed = blend_posed(source, source_points, (target, view, corner), target_points, around, options)
        face, alpha, ground = posed.face, posed.alpha, posed.ground
    if target_mask is not None:
        alpha = alpha * soften(target_mask[window], face_side(target_points))
    if int((alpha > 0.5).sum()) < _MIN_PIXELS:
        log.warning("nothing of the face lies inside the picture; it is not changed")
        notes.append("nothing of it lies uncovered inside the picture, so it is not changed.")
        return np.array(target)
    share, result = min(strength, 1.0), np.array(target)
    for start in range(0, len(view), _BAND_ROWS):
        band = np.s_[start : start + _BAND_ROWS]
        mix = alpha[band][..., None]
        blended = mix * face[band] + (1 - mix) * ground[band]
        mixed = np.clip(share * blended + (1 - share) * view[band] + 0.5, 0, 255).astype(np.uint8)
        result[top + start : top + start + len(mixed), left:right] = mixed
    return result


def _matching_points(
    source: Pixels, source_face: Face, target: Pixels, target_face: Face, notes: list[str]
) -> tuple[FacePoints, FacePoints]:
    """Mesh points of both faces, or oval points of both where one has no mesh."""
    try:
        source_mesh, target_mesh = mesh_points(source, source_face), mesh_points(target, target_face)
    except ImportError:  # no mediapipe
        source_mesh = target_mesh = None
    if source_mesh is not None and target_mesh is not None:
        return source_mesh, target_mesh
    notes.append("no mesh of it was found, so it is blended over five landmarks and keeps the template's shape.")
    return oval_points(source_face), oval_points(target_face)


def _window(points: FacePoints, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The processed window, left, top, right and bottom, inside a picture of ``shape``."""
    low, high = points.points.min(0), points.points.max(0)
    margin = _MARGIN * float((high - low).max())
    left, top = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(low - margin, shape[1::-1], strict=True))
    right, bottom = (int(np.clip(value, 1, limit)) for value, limit in zip(high + margin, shape[1::-1], strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)
