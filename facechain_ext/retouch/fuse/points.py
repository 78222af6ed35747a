"""Corresponding points of faces for fusion: MediaPipe's mesh, or five landmarks and an oval without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.alignment import ARCFACE_POINTS, similarity_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels, Points

# Mesh indices (MediaPipe's canonical face model).
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_LEFT_EYE_AND_BROW = (70, 63, 105, 66, 107, 55, 133, 153, 145, 163, 33, 130, 112, 23, 25)
_RIGHT_EYE_AND_BROW = (300, 293, 334, 296, 336, 285, 362, 380, 374, 390, 263, 359, 341, 253, 255)
_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_NOSTRILS = (98, 97, 2, 326, 327, 460, 240)
FEATURES = (_LEFT_EYE_AND_BROW, _RIGHT_EYE_AND_BROW, _LIPS, _NOSTRILS)
_FOREHEAD = 0.55
"""Part of the distance from brows to upper rim of the mesh that is blended, 0..1: the rim often lies in the hair."""


@dataclass(frozen=True, eq=False)
class FacePoints:
    """``points`` float32 [n, 2] of a face and polygons on it, each float32 [m, 2].

    ``outline`` bounds the blended region, ``skin`` cheeks and nose, ``forehead`` the region above the brows, ``mouth``
    its opening (None where only five landmarks are known). ``features`` are the points of eyes with brows, of lips
    and nostrils, whose convex hulls are no skin. ``mesh`` float64 [468, 3] are the points with depth, z away from the
    camera, None where only five landmarks are known; ``irises`` float64 [10, 3] are middle and rim of both irises, None
    where the mesh has none.
    """

    points: Points
    outline: Points
    skin: Points
    forehead: Points
    mouth: Points | None = None
    features: tuple[Points, ...] = ()
    mesh: NDArray[np.float64] | None = None
    irises: NDArray[np.float64] | None = None


def mesh_points(pixels: Pixels, face: Face) -> FacePoints | None:
    """The face's mesh points, or None when no mesh is found.

    Raises:
        ImportError: mediapipe is not installed.
    """
    from facechain_ext.faces.mesh import mesh_of

    mesh = mesh_of(pixels, face)
    return None if mesh is None else points_of_mesh(mesh)


def points_of_mesh(mesh: NDArray[np.floating]) -> FacePoints:
    """The points and polygons of a fitted mesh, float [468 or 478, 3]."""
    from facechain_ext.faces.mesh import CHEEKS, OUTLINE

    flat = mesh[:468, :2].astype(
        np.float32
    )  # without the ten points of the irises, which overlap the triangles of the eyelids
    rim = flat[list(OUTLINE)]
    up = flat[10] - flat[152]
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    brows = float((flat[list(_BROWS)] @ up).max())
    above = np.clip(rim @ up - brows, 0, None)
    outline = (rim - (1 - _FOREHEAD) * above[:, None] * up).astype(np.float32)
    forehead = np.concatenate([flat[list(_BROWS)], rim[[9, 5, 2, 0, 34, 31, 27]]])
    features = tuple(flat[list(part)] for part in FEATURES)
    return FacePoints(
        flat, outline, flat[list(CHEEKS)], forehead, flat[list(INNER_LIPS)], features, mesh[:468].astype(np.float64),
        mesh[468:478].astype(np.float64) if len(mesh) >= 478 else None,
    )  # fmt: skip


def face_points(pixels: Pixels, face: Face) -> FacePoints:
    """The face's mesh points, or those of an oval where there is no mesh."""
    try:
        found = mesh_points(pixels, face)
    except ImportError:
        found = None
    return oval_points(face) if found is None else found


def oval_points(face: Face) -> FacePoints:
    """Five landmarks and the points of an oval around them."""
    warp = cv2.invertAffineTransform(similarity_transform(face.landmarks, ARCFACE_POINTS))
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    # in the aligned picture of 112 pixels a face extends from brows (35) to chin (112)
    oval = np.stack([56 + 36 * np.cos(angles), 74 + 37 * np.sin(angles)], axis=1)
    wide = np.stack([56 + 44 * np.cos(angles), 74 + 45 * np.sin(angles)], axis=1)
    skin = np.array([(36, 62), (76, 62), (76, 80), (56, 82), (36, 80)])
    forehead = np.array([(10, 42), (102, 42), (102, 0), (10, 0)])
    oval, wide, skin, forehead = (
        (polygon @ warp[:, :2].T + warp[:, 2]).astype(np.float32) for polygon in (oval, wide, skin, forehead)
    )
    points = np.concatenate([face.landmarks, wide]).astype(np.float32)
    left, right, *_ = face.landmarks
    step = (right - left) / 2
    across, down = step * 0.75, np.array([-step[1], step[0]]) * 0.75
    boxes = [
        np.stack([middle - across - down, middle + across - down, middle + across + down, middle - across + down])
        for middle in (left, right, face.landmarks[3:].mean(0))
    ]
    return FacePoints(points, oval, skin, forehead, None, tuple(box.astype(np.float32) for box in boxes))
