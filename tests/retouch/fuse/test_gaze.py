"""The eyes of a photo brought to look as those of another face do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facechain_ext.retouch import blend_face
from facechain_ext.retouch.fuse import blend
from facechain_ext.retouch.fuse.gaze import follow_gaze, gaze_doubts, gaze_shift
from facechain_ext.retouch.fuse.options import BlendOptions
from facechain_ext.retouch.fuse.points import mesh_points

EYES = ((33, 133), (362, 263))


@pytest.fixture(scope="module")
def points(astronaut, face):
    return mesh_points(astronaut, face)


def looking(points, along, across=0.0):
    """The same face with both irises moved, in widths of the eye."""
    irises = points.irises.copy()
    for number, (left, right) in enumerate(EYES):
        step = points.mesh[right] - points.mesh[left]
        irises[5 * number : 5 * number + 5] += along * step + across * np.array([-step[1], step[0], 0])
    return replace(points, irises=irises)


def closed(points):
    """The same face with closed eyes."""
    mesh = points.mesh.copy()
    for up, low in ((159, 145), (386, 374)):
        mesh[up] = mesh[low]
    return replace(points, mesh=mesh)


@pytest.mark.parametrize(("along", "across"), [(0.1, 0.0), (-0.12, 0.0), (0.0, 0.08), (0.5, 0.0)])
def test_the_shift_is_that_of_the_irises_within_bounds(points, along, across):
    found = gaze_shift(points, looking(points, along, across))
    assert found == pytest.approx((min(along, 0.22), across), abs=1e-3)


@pytest.mark.parametrize("along", [0.12, -0.12])
def test_the_irises_move_and_nothing_beside_the_eyes_does(astronaut, face, points, along):
    moved = follow_gaze(astronaut, points, looking(points, along))
    seen = mesh_points(moved, face)
    for number, (left, right) in enumerate(EYES):
        width = np.linalg.norm(points.mesh[right, :2] - points.mesh[left, :2])
        step = (seen.irises[5 * number, 0] - points.irises[5 * number, 0]) / width
        assert np.sign(step) == np.sign(along)
        assert 0.4 * abs(along) < abs(step) < 1.4 * abs(along)
    rows, columns = np.nonzero((moved != astronaut).any(2))
    eyes = points.mesh[[index for eye in EYES for index in eye], :2]
    assert len(rows) > 30
    assert columns.min() > eyes[:, 0].min() - 3
    assert columns.max() < eyes[:, 0].max() + 3
    assert abs(rows - eyes[:, 1].mean()).max() < 12


def test_a_face_looks_as_it_did_where_irises_are_unknown_or_an_eye_is_closed(astronaut, points):
    other = looking(points, 0.1)
    assert follow_gaze(astronaut, points, replace(other, irises=None)) is astronaut
    asleep = closed(other)
    assert gaze_shift(points, asleep) is None
    assert gaze_doubts(points, other) == []
    assert "closed" in gaze_doubts(points, asleep)[0]
    assert gaze_doubts(asleep, points) == gaze_doubts(points, asleep)
    assert "MediaPipe" in gaze_doubts(points, replace(other, irises=None))[0]


@pytest.mark.parametrize(
    ("seen", "free", "gaze", "words"),
    [
        (lambda points: points, True, True, []),
        (closed, True, True, ["closed"]),
        (closed, True, False, []),
        (lambda points: None, True, True, ["no mesh", "MediaPipe"]),
        (lambda points: points, False, False, ["not changed"]),
    ],
)
def test_a_blend_says_what_it_could_not_do(monkeypatch, astronaut, face, points, seen, free, gaze, words):
    found = iter([points, seen(points)])
    monkeypatch.setattr(blend, "mesh_points", lambda *_: next(found))
    notes = []
    mask = np.full(astronaut.shape[:2], free)
    options = BlendOptions(template_gaze=gaze)
    blend_face(astronaut, face, astronaut, face, target_mask=mask, options=options, notes=notes)
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


def test_a_blend_follows_the_gaze_by_choice(astronaut, face):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    turned = replace(face, landmarks=face.landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (511, 0),
                     box=np.array([511 - face.box[2], face.box[1], 511 - face.box[0], face.box[3]]))  # fmt: skip
    kept, followed = (
        blend_face(astronaut, face, mirrored, turned, options=BlendOptions(template_gaze=gaze))
        for gaze in (False, True)
    )
    differs = (kept != followed).any(2)
    assert differs.any()
    nose = face.landmarks[2, 1]
    assert (np.nonzero(differs)[0] < nose).mean() > 0.97  # the light is measured on the face, and moves by a level
