"""Blending a face of one picture onto a face of another."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.retouch import blend_face
from facechain_ext.retouch.fuse.options import BlendOptions


def test_a_face_blended_onto_itself_stays(astronaut, face):
    blended = blend_face(astronaut, face, astronaut, face)
    assert np.abs(blended.astype(int) - astronaut).mean() < 0.2
    assert np.abs(blended.astype(int) - astronaut).max() < 60


def test_the_blend_changes_the_face_and_nothing_else(astronaut, face, detector):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    dark = (mirrored * 0.5).astype(np.uint8)
    (other,) = detector.detect(dark)
    blended = blend_face(astronaut, face, dark, other)
    left, top, right, bottom = (round(value) for value in other.box)
    outside = np.ones(dark.shape[:2], np.bool_)
    outside[top - 5 : bottom + 5, left - 5 : right + 5] = False
    assert np.array_equal(blended[outside], dark[outside])
    inner = (slice(top + 30, bottom - 15), slice(left + 20, right - 20))
    assert np.abs(blended[inner].astype(int) - dark[inner]).mean() > 2
    assert abs(float(blended[inner].mean()) - float(dark[inner].mean())) < 6  # the target's light
    half = blend_face(astronaut, face, dark, other, strength=0.5)
    between = (blended.astype(int) + dark) / 2
    assert np.abs(half - between).max() <= 1.5
    assert np.array_equal(blend_face(astronaut, face, dark, other, strength=0), dark)
    nothing = np.zeros(dark.shape[:2], np.bool_)
    assert np.array_equal(blend_face(astronaut, face, dark, other, target_mask=nothing), dark)


def without_mediapipe(*_):
    raise ImportError("No module named 'mediapipe'")


@pytest.mark.parametrize("mesh", [lambda *_: None, without_mediapipe], ids=["no mesh seen", "no mediapipe"])
def test_the_blend_by_five_landmarks(astronaut, face, detector, monkeypatch, mesh):
    from facechain_ext.retouch.fuse import blend

    monkeypatch.setattr(blend, "mesh_points", mesh)
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    (other,) = detector.detect(mirrored)
    notes = []
    blended = blend_face(astronaut, face, mirrored, other, notes=notes)
    assert len(notes) == 1
    assert "five landmarks" in notes[0]
    assert np.array_equal(blended[300:], mirrored[300:])
    found = detector.detect(blended)[0]
    assert np.abs(found.landmarks - other.landmarks).max() < 4


def test_a_face_at_the_edge_of_the_picture_can_be_blended(astronaut, face, detector):
    cut = np.ascontiguousarray(astronaut[90:])
    found = detector.detect(cut)
    if found:
        assert blend_face(astronaut, face, cut, found[0]).shape == cut.shape


def test_a_pale_neck_follows_a_dark_guest_where_it_may(astronaut, face, detector):
    guest = np.clip(255 * (astronaut / 255.0) ** 1.9 * (1.0, 0.86, 0.8), 0, 255).astype(np.uint8)
    person = detector.detect(guest)[0]
    left, top, right, bottom = (round(value) for value in face.box)
    around = np.zeros(astronaut.shape[:2], np.bool_)
    around[top - 20 : bottom + 40, left - 20 : right + 20] = True
    neck = np.s_[bottom + 4 : bottom + 12, (left + right) // 2 - 12 : (left + right) // 2 + 12]
    free = blend_face(guest, person, astronaut, face, surroundings=around)
    assert free[neck].mean() < astronaut[neck].mean() - 10
    assert np.array_equal(blend_face(guest, person, astronaut, face)[neck], astronaut[neck])
    theirs = BlendOptions(template_complexion=True)
    same = blend_face(guest, person, astronaut, face, surroundings=around, options=theirs)
    assert np.array_equal(same[neck], astronaut[neck])
    cheek = np.s_[top + 60 : top + 75, left + 18 : left + 30]
    assert free[cheek].mean() < same[cheek].mean() - 8
