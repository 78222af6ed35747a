"""MediaPipe's face mesh: 478 points on a face, for landmarks, outline, head pose and blending."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

import numpy as np

from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.mediapipe_graph import load_solutions, run_graph
from facechain_ext.faces.pose import angles_from_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.mediapipe_graph import Graph
    from facechain_ext.faces.types import Face, Pixels, Points

# Indices into the mesh (MediaPipe's canonical face model). "Left" is the picture's left: the person's right.
LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
NOSE = (1, 4)
"""Below and above the tip; the point between them is what five-landmark networks are trained to find."""
MOUTH_LEFT, MOUTH_RIGHT = 61, 291
CHEEKS = (117, 118, 119, 6, 348, 347, 346, 352, 411, 425, 391, 164, 165, 205, 187, 123)
"""A polygon over cheeks and nose, below the eyes and above the upper lip: nothing but skin."""
OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The oval of the face, clockwise from the middle of the hairline; number 18 of it is the chin."""
_CROP = 256
"""Side in pixels of the upright square the mesh is fitted in; the network sees 192."""
_CROP_SCALES = (2.0, 3.0)
"""Sides of that square in heights of the face, tried in this order: blurred and tiny faces need the larger one."""


class _Landmark(Protocol):
    x: float
    y: float
    z: float


class _LandmarkList(Protocol):
    landmark: Sequence[_Landmark]


class _MeshOutput(Protocol):
    multi_face_landmarks: Sequence[_LandmarkList] | None


@functools.cache
def _network() -> Graph[_MeshOutput]:
    network: Graph[_MeshOutput] = load_solutions().face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.2
    )
    return network


def fit_mesh(pixels: Pixels, centre: tuple[float, float], face_size: float, roll: float) -> NDArray[np.float32] | None:
    """The mesh of the face near ``centre``, float32 [478, 3], or None when no face is detected there.

    ``face_size`` is the height of the face in pixels, ``roll`` its roll in degrees clockwise; both may be approximate.
    x and y are positions in the picture, z is depth on the same scale, smaller towards the camera.
    """
    for scale in _CROP_SCALES:
        crop, warp = upright_crop(pixels, centre, scale * face_size, roll, _CROP)
        found = run_graph(_network(), crop).multi_face_landmarks
        if found:
            break
    else:
        return None
    points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], dtype=np.float64) * _CROP
    mesh = np.empty_like(points)
    mesh[:, :2] = (points[:, :2] - 0.5) @ warp[:, :2].T + warp[:, 2]
    mesh[:, 2] = points[:, 2] * float(np.hypot(warp[0, 0], warp[1, 0]))
    return mesh.astype(np.float32)


def mesh_of(pixels: Pixels, face: Face) -> NDArray[np.float32] | None:
    """``fit_mesh`` for a face that was found."""
    return fit_mesh(pixels, face.centre, max(face.width, face.height), face.roll)


def five_landmarks(mesh: NDArray[np.float32]) -> Points:
    """Eye centres, nose tip and corners of the mouth, float32 [5, 2], of a mesh.

    An eye's centre is the middle of its lids' outline, not the iris: it does not move with the gaze or with blinking.
    """
    flat = mesh[:, :2]
    eyes = [flat[list(eye)].mean(0) for eye in (LEFT_EYE, RIGHT_EYE)]
    return np.stack([*eyes, flat[list(NOSE)].mean(0), flat[MOUTH_LEFT], flat[MOUTH_RIGHT]]).astype(np.float32)


def mesh_angles(mesh: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, signs as in Face, of a mesh."""
    right = mesh[[263, 454, 356]].mean(0) - mesh[[33, 234, 127]].mean(0)
    up = mesh[[10, 151, 9]].mean(0) - mesh[[152, 175, 199]].mean(0)
    return angles_from_axes(right.astype(np.float64), up.astype(np.float64))
