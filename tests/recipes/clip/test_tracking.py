"""Faces followed by place and looks: through a crossing, an absence and a newcomer; fits smoothed, cuts kept."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.faces.types import Face
from facechain_ext.recipes.clip.smoothing import smooth_meshes
from facechain_ext.recipes.clip.tracking import FaceTracker

LANDMARKS = np.array([(15, 18), (33, 18), (24, 27), (17, 36), (31, 36)], np.float32)


def patch(seed, tint):
    """48 pixels of somebody: blotches of one colour."""
    blotches = np.kron(np.random.default_rng(seed).uniform(0.3, 1, (6, 6)), np.ones((8, 8)))
    return (blotches[..., None] * np.array(tint)).astype(np.uint8)


PEOPLE = (patch(1, (230, 170, 140)), patch(2, (150, 110, 90)), patch(3, (200, 200, 120)))


def scene(*places):
    """A picture and its faces: who is where, the last one in front; None is out of sight."""
    pixels, faces = np.full((100, 400, 3), 90, np.uint8), []
    for person, x in places:
        pixels[20:68, x : x + 48] = PEOPLE[person]
        faces.append(Face((x, 20.0, x + 48.0, 68.0), LANDMARKS + np.float32((x, 20)), 1.0))
    visible = [
        face for n, face in enumerate(faces) if not any(abs(face.box[0] - f.box[0]) < 30 for f in faces[n + 1 :])
    ]
    return pixels, sorted(visible, key=lambda face: face.box[0])


def followed(frames):
    """For each frame {left edge of a face: its track}."""
    tracker, found = FaceTracker(), []
    for places in frames:
        pixels, faces = scene(*places)
        found.append(
            {int(face.box[0]): track for face, track in zip(faces, tracker.advance(pixels, faces), strict=True)}
        )
    return found


@pytest.mark.parametrize("front", [0, 1])
def test_two_people_cross(front):
    order = (0, 1) if front else (1, 0)
    ways = [{0: 10 + 12 * k, 1: 340 - 12 * k} for k in range(28)]
    found = followed([[(person, way[person]) for person in order] for way in ways])
    for way, frame in zip(ways, found, strict=True):
        for person in (0, 1):
            if way[person] in frame:
                assert frame[way[person]] == person, way
    assert sum(len(frame) == 1 for frame in found) >= 2  # they did hide each other


def test_two_people_meet_and_turn_back():
    ways = [{0: 10 + 12 * min(k, 24 - k), 1: 320 - 12 * min(k, 24 - k)} for k in range(25)]
    found = followed([[(0, way[0]), (1, way[1])] for way in ways])
    assert found[0] == found[-1] == {10: 0, 320: 1}


def test_an_absent_person_is_known_again_and_a_newcomer_is_new():
    frames = [[(0, 100)], [(0, 104)], [], [], [(0, 116)], [(2, 120)], [(0, 124), (2, 300)]]
    found = followed(frames)
    assert found[4] == {116: 0}
    assert found[5] == {120: 1}
    assert found[6][124] == 0


def mesh_at(x, wobble=0.0, seed=0):
    base = np.random.default_rng(9).uniform(0, 100, (468, 3))
    return base + (x, 0, 0) + np.random.default_rng(seed).normal(0, 1, (468, 3)) * wobble


def test_a_trembling_fit_is_smoothed_without_lagging():
    ways = [10 + 4 * k + 0.1 * k * k for k in range(30)]
    smoothed = smooth_meshes([mesh_at(x, 1.0, seed) for seed, x in enumerate(ways)])
    rough = [mesh_at(x, 1.0, seed) - mesh_at(x) for seed, x in enumerate(ways)][3:-3]
    rest = [mesh - mesh_at(x) for mesh, x in zip(smoothed, ways, strict=True)][3:-3]
    assert np.std(rest) < 0.55 * np.std(rough)
    assert np.abs(np.mean(rest, axis=(1, 2))).max() < 0.3


def test_gaps_and_cuts_are_not_smoothed_over():
    meshes = [mesh_at(0), mesh_at(0), None, mesh_at(50), mesh_at(50), mesh_at(150), mesh_at(150), None]
    smoothed = smooth_meshes(meshes)
    assert [mesh is None for mesh in smoothed] == [mesh is None for mesh in meshes]
    for new, old in zip(smoothed, meshes, strict=True):
        if old is not None:
            np.testing.assert_allclose(new, old, atol=1e-6)
    assert smooth_meshes([]) == []
