"""Verdicts on two photos: by their distance, and none where the faces are too small or turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from facechain_ext.faces.types import Face
from facechain_ext.identity.likeness_scale import verdict
from facechain_ext.identity.photo_likeness import DescribedFace, FaceDescriber, compare, compare_all, doubt

LEVEL = Face((0, 0, 120, 150), np.zeros((5, 2), np.float32), 0.9, pitch=-8)


@pytest.mark.parametrize(
    ("far", "words"),
    [(0.0, "same person"), (0.49, "same person"), (0.5, "unsure"), (0.59, "unsure"), (0.6, "someone else")],
)
def test_a_distance_has_one_verdict(far, words):
    assert verdict(far) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"yaw": -29.0}, ""),
        ({"pitch": -37.0}, ""),
        ({"yaw": 31.0}, "turned 31"),
        ({"pitch": -39.0}, "down by 31"),
        ({"pitch": 23.0}, "up by 31"),
        ({"box": (0, 0, 70, 99)}, "99 pixels high"),
    ],
)
def test_small_and_turned_faces_get_no_verdict(change, words):
    found = doubt(replace(LEVEL, **change))
    assert words in found
    assert bool(found) == bool(words)


def test_a_doubt_on_one_face_names_it_and_keeps_the_distance():
    zero, one = np.zeros(128, np.float32), np.zeros(128, np.float32)
    one[0] = 0.3
    pair = compare(DescribedFace("a.jpg", zero), DescribedFace("b.jpg", one, "too small"))
    assert (round(pair.distance, 3), pair.verdict, pair.reason) == (0.3, "no verdict", "b.jpg: too small")
    assert [(row.one, row.other) for row in compare_all([DescribedFace(name, zero) for name in "abc"])] == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip


def test_two_real_people_and_one_person_in_a_mirror():
    pytest.importorskip("dlib", reason="dlib is not installed here")
    pytest.importorskip("mediapipe", reason="mediapipe is not installed here")
    from PIL import Image

    matplotlib = pytest.importorskip("matplotlib", reason="its sample photo is used")
    describer = FaceDescriber()
    collins = data.astronaut()
    hopper = np.asarray(Image.open(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg").convert("RGB"))
    both = np.zeros((600, 1024, 3), np.uint8)
    both[:512, :512], both[:, 512:] = collins[:, ::-1], hopper
    first, second = describer.describe_all(both, "both")
    (alone,) = describer.describe_all(collins, "collins")
    assert (first.label, second.label, alone.label) == ("both face 1", "both face 2", "collins")
    assert compare(alone, first).verdict == "same person"
    assert compare(alone, second).verdict == "someone else"
