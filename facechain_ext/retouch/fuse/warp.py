"""Piecewise-affine warp: every triangle of a face onto the same triangle of another face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels, Points


def triangulate(points: Points) -> NDArray[np.int64]:
    """Delaunay triangulation of points [n, 2]: indices int64 [m, 3]. Equal points are used once."""
    corner = np.floor(points.min(0)) - 2
    size = np.ceil(points.max(0)) - corner + 4
    plane = cv2.Subdiv2D((0, 0, int(size[0]), int(size[1])))
    index: dict[tuple[float, float], int] = {}
    for number, (x, y) in enumerate((points - corner).astype(np.float32)):
        key = (float(x), float(y))
        if key not in index:
            index[key] = number
            plane.insert(key)
    found = []
    for row in np.asarray(plane.getTriangleList()).reshape(-1, 3, 2):
        # corners outside the plane belong to the triangle that OpenCV starts with
        ids = [index.get((float(x), float(y))) for x, y in row]
        if None not in ids:
            found.append(ids)
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def _extent(points: Points) -> float:
    """The diagonal of the box around points."""
    return float(np.hypot(*np.ptp(points, axis=0)))


def warp_onto(source: Pixels, source_points: Points, target_points: Points, size: tuple[int, int]) -> Pixels:
    """``source`` moved so that its points [n, 2] lie on ``target_points`` [n, 2]: uint8 [height, width, 3].

    ``size`` is (width, height) of the result. Pixels outside the triangles are black. A source that is over twice as
    large as its place is shrunk by area averages first.
    """
    width, height = size
    extent = _extent(source_points) / max(_extent(target_points), 1e-6)
    if extent > 2:
        small = (max(round(source.shape[1] / extent), 1), max(round(source.shape[0] / extent), 1))
        ratio = np.array([small[0] / source.shape[1], small[1] / source.shape[0]])
        source = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
        source_points = ((source_points + 0.5) * ratio - 0.5).astype(np.float32)
    # One label a triangle, one affine a label: two whole-picture lookups instead of hundreds of small warps.
    labels = np.zeros((height, width), np.int32)
    affines = np.zeros((1, 2, 3))
    corners = triangulate(target_points)
    affines = np.concatenate([affines, np.empty((len(corners), 2, 3))])
    for number, ids in enumerate(corners, start=1):
        there, here = target_points[ids].astype(np.float32), source_points[ids].astype(np.float32)
        affines[number] = cv2.getAffineTransform(there, here)
        cv2.fillConvexPoly(labels, np.round(there * 16).astype(np.int32), number, lineType=cv2.LINE_8, shift=4)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    mine = affines[labels].astype(np.float32)
    map_x = mine[..., 0, 0] * x + mine[..., 0, 1] * y + mine[..., 0, 2]
    map_y = mine[..., 1, 0] * x + mine[..., 1, 1] * y + mine[..., 1, 2]
    moved = cv2.remap(source, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved[labels == 0] = 0
    return moved  # type: ignore[no-any-return]
