"""Piecewise-affine warp and its triangulation."""

from __future__ import annotations

import cv2
import numpy as np

from facechain_ext.retouch.fuse.warp import triangulate, warp_onto


def test_the_warp_is_affine_inside_triangles(astronaut):
    """Points moved by one affine map: the warp must equal OpenCV's own of the expected picture."""
    y, x = np.mgrid[40:400:60, 60:420:60]
    points = np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)
    affine = np.array([[0.9, 0.1, 20], [-0.05, 1.05, 5]])
    moved = (points @ affine[:, :2].T + affine[:, 2]).astype(np.float32)
    result = warp_onto(astronaut, points, moved, (512, 512))
    expected = cv2.warpAffine(astronaut, affine, (512, 512))
    inside = cv2.fillPoly(np.zeros((512, 512), np.uint8), [np.round(moved[[0, 5, 35, 30]]).astype(np.int32)], 1)
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8)) > 0
    assert np.abs(result[inside].astype(int) - expected[inside]).mean() < 1
    assert len(triangulate(points)) == 50  # 5 x 5 squares of two
