"""A face's own shape in another face's pose: both fitted by MediaPipe's mesh, one rotated in depth onto the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.mesh import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, RIGHT_EYE
from facechain_ext.retouch.fuse.topology import topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points3 = NDArray[np.float64]

RIGID = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 98, 327, 127, 356, 234, 454, 70, 300, 10, 151)
"""Corners of the eyes, nose, temples and forehead: what no expression moves."""
_RIM = (1.0, 0.7, 0.4, 0.15)
"""Share of the template's own shape at the outline and on the three rings of points inside of it.

Without it jaws and cheeks of two different faces do not coincide, and the old outline is seen beside the new one.
"""
_MOUTH_REACH, _EYE_REACH = 0.55, 0.6
"""How far the template's mouth and lids move the points around them: deviations in widths of mouth or eye."""


@dataclass(frozen=True, eq=False)
class PosedFace:
    """``points`` float64 [468, 3]: the shape of one face in the pose and place of another.

    ``normals`` float64 [468, 3] are those of it there, ``own_normals`` those in its own photo, outwards: z is negative
    where a point faces the camera.
    """

    points: Points3
    normals: Points3
    own_normals: Points3


def pose_onto(source: Points3, target: Points3, *, mouth: bool, eyes: bool) -> PosedFace:
    """``source`` [468, 3] rotated, scaled and moved onto ``target`` by what no expression moves.

    With ``mouth`` and ``eyes`` the shapes of those are the target's, at the place and width of the source's.
    """
    rotation, scale, shift = similarity_3d(source[list(RIGID)], target[list(RIGID)])
    posed = scale * source @ rotation.T + shift
    points = posed.copy()
    if mouth:
        points += _feature_shift(posed, target, (MOUTH_LEFT, MOUTH_RIGHT), _MOUTH_REACH)
    if eyes:
        for eye in (LEFT_EYE, RIGHT_EYE):
            points += _feature_shift(posed, target, (eye[0], eye[8]), _EYE_REACH)
    rings = topology().rings
    share = np.zeros(len(points))
    for ring, value in enumerate(_RIM):
        share[rings == ring] = value
    points += share[:, None] * (target - points)
    return PosedFace(points, vertex_normals(points), vertex_normals(source))


def _feature_shift(posed: Points3, target: Points3, corners: tuple[int, int], reach: float) -> Points3:
    """What moves the points around a mouth or eye into the target's shape of it, float64 [468, 3]."""
    ends = list(corners)
    middle, theirs = posed[ends].mean(0), target[ends].mean(0)
    width, their_width = (float(np.linalg.norm(face[ends[1]] - face[ends[0]])) for face in (posed, target))
    wanted = middle + (target - theirs) * (width / max(their_width, 1e-6))
    weight = np.exp(-0.5 * (np.linalg.norm(posed - middle, axis=1) / (reach * width)) ** 2)
    return np.asarray(weight[:, None] * (wanted - posed))


def similarity_3d(source: Points3, target: Points3) -> tuple[Points3, float, Points3]:
    """Rotation [3, 3], scale and shift [3] that map ``source`` [n, 3] closest to ``target`` (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, values, v = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    rotation = (u * signs) @ v
    scale = float((values * signs).sum() / max(float((a**2).sum()), 1e-12))
    return rotation, scale, target.mean(0) - scale * rotation @ source.mean(0)


def vertex_normals(points: Points3) -> Points3:
    """Unit normals float64 [468, 3] of the mesh, outwards: the sum of those of the triangles around each point."""
    triangles = topology().triangles
    a, b, c = (points[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    middle = points.mean(0)
    middle[2] += np.ptp(points[:, 0])  # a point behind the face
    faces *= np.sign(((a - middle) * faces).sum(1))[:, None]
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9))
