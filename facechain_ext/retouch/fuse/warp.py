"""Piecewise-affine warp of a face onto another one over corresponding triangles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels, Points


def triangulate(points: Points) -> NDArray[np.int64]:
    """Delaunay triangulation of points [n, 2]: indices int64 [m, 3]. Duplicate points are used once."""
    corner = np.floor(points.min(0)) - 2
    size = np.ceil(points.max(0)) - corner + 4
    plane = cv2.Subdiv2D((0, 0, int(size[0]), int(size[1])))
    index_of: dict[tuple[float, float], int] = {}
    for number, (x, y) in enumerate((points - corner).astype(np.float32)):
        key = (float(x), float(y))
        if key not in index_of:
            index_of[key] = number
            plane.insert(key)
    corners = []
    for row in np.asarray(plane.getTriangleList()).reshape(-1, 3, 2):
        # None marks corners of the outer triangle that OpenCV starts with
        indices = [index_of.get((float(x), float(y))) for x, y in row]
        if None not in indices:
            corners.append(indices)
    return np.array(corners, dtype=np.int64).reshape(-1, 3)


def _extent(points: Points) -> float:
    """The diagonal of the box around points."""
    return float(np.hypot(*np.ptp(points, axis=0)))


def warp_onto(source: Pixels, source_points: Points, target_points: Points, size: tuple[int, int]) -> Pixels:
    """``source`` warped so that its points [n, 2] lie on ``target_points`` [n, 2]: uint8 [height, width, 3].

    ``size`` is (width, height) of the result. Pixels outside the triangles are black. A source face over twice as
    large as the target is downscaled by area averages first.
    """
    width, height = size
    scale = _extent(source_points) / max(_extent(target_points), 1e-6)
    if scale > 2:
        small = (max(round(source.shape[1] / scale), 1), max(round(source.shape[0] / scale), 1))
        ratio = np.array([small[0] / source.shape[1], small[1] / source.shape[0]])
        source = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
        source_points = ((source_points + 0.5) * ratio - 0.5).astype(np.float32)
    # One label per triangle, one affine map per label: two lookups for the picture instead of hundreds of small warps.
    labels = np.zeros((height, width), np.int32)
    affines = np.zeros((1, 2, 3))
    corners = triangulate(target_points)
    affines = np.concatenate([affines, np.empty((len(corners), 2, 3))])
    for number, indices in enumerate(corners, start=1):
        target, triangle = target_points[indices].astype(np.float32), source_points[indices].astype(np.float32)
        affines[number] = cv2.getAffineTransform(target, triangle)
        cv2.fillConvexPoly(labels, np.round(target * 16).astype(np.int32), number, lineType=cv2.LINE_8, shift=4)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    maps = affines[labels].astype(np.float32)
    map_x = maps[..., 0, 0] * x + maps[..., 0, 1] * y + maps[..., 0, 2]
    map_y = maps[..., 1, 0] * x + maps[..., 1, 1] * y + maps[..., 1, 2]
    warped = cv2.remap(source, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    warped[labels == 0] = 0
    return np.asarray(warped, np.uint8)
