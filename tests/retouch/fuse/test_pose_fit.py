"""The mesh's topology, a face turned in depth, and values painted over its triangles."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext.faces.mesh import MOUTH_LEFT, MOUTH_RIGHT, OUTLINE
from facechain_ext.retouch.fuse.points import INNER_LIPS, mesh_points
from facechain_ext.retouch.fuse.pose_fit import pose_onto, similarity_3d, vertex_normals
from facechain_ext.retouch.fuse.render import MeshView
from facechain_ext.retouch.fuse.topology import topology


@pytest.fixture(scope="module")
def mesh(astronaut, face):
    return mesh_points(astronaut, face).mesh


def turned(degrees):
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])


def test_the_triangles_are_a_disc_without_holes():
    triangles = topology().triangles
    edges = {edge for triangle in triangles.tolist() for edge in combinations(sorted(triangle), 2)}
    assert len(np.unique(triangles)) - len(edges) + len(triangles) == 1  # Euler's number of a disc
    assert set(np.nonzero(topology().rings == 0)[0].tolist()) == set(OUTLINE)


def test_the_mirror_changes_the_sides_and_back(mesh):
    mirror = topology().mirror
    assert np.array_equal(mirror[mirror], np.arange(468))
    assert mirror[MOUTH_LEFT] == MOUTH_RIGHT
    own, other = mesh - mesh[6], mesh[mirror] - mesh[6]  # the portrait looks into the camera
    assert np.abs(own[:, 0] + other[:, 0]).max() < 0.12 * np.ptp(mesh[:, 0])
    assert np.abs(own[:, 1] - other[:, 1]).max() < 0.12 * np.ptp(mesh[:, 1])


def test_a_similarity_in_depth_is_found_again(mesh):
    moved = 1.7 * mesh @ turned(25).T + (30, -12, 4)
    rotation, scale, shift = similarity_3d(mesh, moved)
    assert np.allclose(rotation, turned(25))
    assert scale == pytest.approx(1.7)
    assert np.allclose(shift, (30, -12, 4))


def test_normals_point_out_of_the_face(mesh):
    normals = vertex_normals(mesh)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1)
    assert normals[4, 2] < -0.9  # the tip of the nose, towards the camera
    assert normals[234, 0] < -0.8 < 0.8 < normals[454, 0]  # the cheeks, to the sides
    assert normals[152, 1] > 0.3  # the chin, down


def test_a_turned_face_keeps_its_proportions_inside_and_the_targets_outline(mesh):
    wide = mesh * (1.15, 1, 1)
    target = mesh @ turned(20).T
    posed = pose_onto(wide, target, mouth=False, eyes=False)
    outline = list(OUTLINE)
    assert np.allclose(posed.points[outline], target[outline])

    # the eyes of a wider face stay further apart, in depth, than the target's, measured by the length of the nose
    def eyes_by_nose(points):
        return np.linalg.norm(points[33] - points[263]) / np.linalg.norm(points[168] - points[4])

    assert eyes_by_nose(posed.points) == pytest.approx(eyes_by_nose(wide), rel=0.02)
    assert eyes_by_nose(target) < 0.95 * eyes_by_nose(posed.points)


def test_the_mouth_follows_when_asked(mesh):
    opened = mesh.copy()
    lower = list(INNER_LIPS[11:])
    opened[lower, 1] += 0.1 * np.ptp(mesh[:, 1])

    def opening(points):
        return points[14, 1] - points[13, 1]

    kept = pose_onto(mesh, opened, mouth=False, eyes=False)
    follows = pose_onto(mesh, opened, mouth=True, eyes=False)
    assert opening(kept.points) == pytest.approx(opening(mesh), abs=1)
    assert opening(follows.points) > opening(mesh) + 0.06 * np.ptp(mesh[:, 1])


def test_what_is_linear_in_the_picture_is_painted_exactly(mesh):
    view = MeshView(mesh - (170, 60, 0), (110, 130))
    painted = view.interpolate(3 * mesh[:, 0] - 2 * mesh[:, 1] + 5)
    y, x = np.mgrid[:130, :110]
    expected = 3 * (x + 170) - 2 * (y + 60) + 5
    inner = view.covered & np.roll(view.covered, 3, 0) & np.roll(view.covered, -3, 0)
    assert view.covered.mean() > 0.3
    assert np.median(np.abs(painted - expected)[inner]) < 0.05
    assert np.abs(painted - expected)[inner].max() < 8  # where triangles lie edge-on they are clipped to their corners
    assert not painted[~view.covered].any()
