"""One portrait in motion, frame by frame: the photo through its moved mesh, with eyes and mouth behind the lids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces import mediapipe_wheel
from facechain_ext.faces.mesh import LEFT_EYE, RIGHT_EYE
from facechain_ext.retouch.animate.expression import Expression
from facechain_ext.retouch.animate.head_mesh import head_mesh
from facechain_ext.retouch.animate.mouth import MouthInterior
from facechain_ext.retouch.fuse.opacity import fill_polygon
from facechain_ext.retouch.fuse.points import mesh_points
from facechain_ext.retouch.fuse.render import MeshView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels
    from facechain_ext.retouch.animate.motion import FaceMotion

_MARGIN = 4
"""Pixels around the moved mesh that are computed anew."""


class PortraitAnimator:
    """A portrait whose face moves.

    What lies farther from the head than 2.2 sizes of the face is the portrait's in every frame, bit for bit. Raises
    PhotoError when the face mesh finds no face, HostError where neither mediapipe nor its wheel is here.
    """

    def __init__(self, pixels: Pixels, face: Face) -> None:
        try:
            found = mesh_points(pixels, face)
        except ImportError as error:
            raise HostError(
                f"Moving a portrait needs the face mesh of mediapipe. {mediapipe_wheel.remedy()}"
            ) from error
        if found is None or found.mesh is None:
            raise PhotoError(
                "The face mesh does not fit the portrait's face; use a sharp portrait that shows it from the front."
            )
        self._pixels = np.ascontiguousarray(pixels)
        self._head = head_mesh(found.mesh)
        self._expression = Expression(self._head)
        flat = self._head.points[:, :2]
        low, high = np.floor(flat.min(0)).astype(int) - _MARGIN, np.ceil(flat.max(0)).astype(int) + _MARGIN
        left, top = (int(np.clip(value, 0, limit - 1)) for value, limit in zip(low, pixels.shape[1::-1], strict=True))
        right, bottom = (int(np.clip(value, 1, limit)) for value, limit in zip(high, pixels.shape[1::-1], strict=True))
        self._window = np.s_[top:bottom, left:right]
        self._corner = np.array([left, top], np.float64)
        skin = fill_polygon(found.skin, pixels.shape) > 0.5
        self._mouth = MouthInterior(self._pixels, flat, skin, self._expression.mouth_width)

    def frame(self, motion: FaceMotion) -> Pixels:
        """The portrait, uint8 [h, w, 3], with its face moved."""
        head, expression = self._head, self._expression
        turned = head.turned(head.points, motion)
        points = head.turned(expression.moved(motion), motion)
        frame = self._pixels.copy()
        view = frame[self._window]
        moved = points - (*self._corner, 0.0)
        mesh = MeshView(moved, (view.shape[1], view.shape[0]), head.triangles)
        texture = mesh.texture(self._pixels, head.points[:, :2])
        view[mesh.covered] = texture[mesh.covered]
        if motion.blink > 0:
            for eye in (LEFT_EYE, RIGHT_EYE):
                self._show_eye(frame, points[:, :2], turned[:, :2], eye)
        self._mouth.paint(frame, points[:, :2], turned[:, :2], head.down)
        return frame

    def _show_eye(
        self, frame: Pixels, points: NDArray[np.float64], head: NDArray[np.float64], eye: tuple[int, ...]
    ) -> None:
        """Show the eye, which does not move with its lids, between them."""
        lids = points[list(eye)]
        (left, top), (right, bottom) = np.floor(lids.min(0)).astype(int) - 3, np.ceil(lids.max(0)).astype(int) + 4
        left, top = max(left, 0), max(top, 0)
        view = frame[top : max(bottom, top), left : max(right, left)]
        if not view.size:
            return
        ends = [eye[0], eye[8]]
        shift = (head[ends] - self._head.points[ends, :2]).mean(0) - (left, top)
        own = cv2.warpAffine(
            self._pixels,
            np.array([[1, 0, shift[0]], [0, 1, shift[1]]]),
            view.shape[1::-1],
            borderMode=cv2.BORDER_REPLICATE,
        )
        between = cv2.GaussianBlur(fill_polygon(lids - (left, top), view.shape), (0, 0), 0.6)[..., None]
        view[:] = np.clip(view + between * (own.astype(np.float32) - view) + 0.5, 0, 255).astype(np.uint8)
