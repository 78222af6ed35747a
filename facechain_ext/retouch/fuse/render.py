"""Values given at the points of the mesh, painted over its triangles: the farthest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.retouch.fuse.topology import topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels


class MeshView:
    """The mesh ``points`` float64 [n, 3] seen in a picture of ``size`` (width, height).

    ``triangles`` int [m, 3] are those of the face mesh of 468 points unless others are given.
    """

    def __init__(
        self, points: NDArray[np.float64], size: tuple[int, int], triangles: NDArray[np.int64] | None = None
    ) -> None:
        width, height = size
        triangles = topology().triangles if triangles is None else triangles
        corners = points[triangles]
        order = np.argsort(-corners[:, :, 2].mean(1))
        self._triangles, corners = triangles[order], corners[order]
        self._labels = np.zeros((height, width), np.int32)
        for number, triangle in enumerate(np.round(corners[:, :, :2] * 16).astype(np.int32), start=1):
            cv2.fillConvexPoly(self._labels, triangle, number, lineType=cv2.LINE_8, shift=4)
        planes = np.concatenate([corners[:, :, :2], np.ones((len(corners), 3, 1))], axis=2)
        flat = np.abs(np.linalg.det(planes)) < 1e-6
        planes[flat] = np.eye(3)
        self._barycentric = np.linalg.inv(planes)  # position (x, y, 1) @ this = weights of the corners
        self._y, self._x = np.mgrid[:height, :width].astype(np.float32)

    @property
    def covered(self) -> Mask:
        """The pixels that the mesh covers."""
        return np.asarray(self._labels > 0)

    def interpolate(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """One value a point [n] as float32 [height, width]; 0 beside the mesh."""
        corners = values[self._triangles]
        table = np.zeros((5, len(corners) + 1), np.float32)
        table[:3, 1:] = np.einsum("nij,nj->in", self._barycentric, corners)
        table[3:, 1:] = corners.min(1), corners.max(1)
        a, b, c, low, high = table
        labels = self._labels
        found = a[labels] * self._x + b[labels] * self._y + c[labels]
        # pixels that a thin triangle only touches would lie far beyond its corners
        return np.asarray(np.clip(found, low[labels], high[labels]), np.float32)

    def texture(self, pixels: Pixels, points: NDArray[np.floating]) -> Pixels:
        """``pixels`` seen through the mesh, whose points lie at ``points`` [n, 2] in them; black beside it."""
        warped = cv2.remap(
            pixels,
            self.interpolate(points[:, 0]),
            self.interpolate(points[:, 1]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        warped[self._labels == 0] = 0
        return np.asarray(warped, np.uint8)
