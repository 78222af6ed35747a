"""The points of faces that openpose ControlNets were trained on: 68 of the outline and features, and both pupils."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.faces.mesh import mesh_of

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

# The 68 points of iBUG's 300-W, in order, from mediapipe's 478; then the pupils, as OpenPose adds them.
_MESH = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
    468, 473,
)  # fmt: skip
_DOT = 3
"""Radius in pixels, at a shorter side of 512, of the white points that OpenPose draws."""


def draw_face_pose(pixels: Pixels) -> Pixels:
    """The points of every face in an RGB picture, white on black, same size.

    Raises PhotoError when no face is found.
    """
    canvas, drawn = np.zeros_like(pixels), 0
    radius = max(round(_DOT * min(canvas.shape[:2]) / 512), 1)
    for face in faces.detector().detect(pixels):
        mesh = mesh_of(pixels, face)
        if mesh is None:
            continue
        for x, y in mesh[list(_MESH), :2]:
            cv2.circle(canvas, (round(float(x)), round(float(y))), radius, (255, 255, 255), thickness=-1)
        drawn += 1
    if not drawn:
        raise PhotoError("No face was found in the picture of the pose; choose one in which a face is seen.")
    return canvas
