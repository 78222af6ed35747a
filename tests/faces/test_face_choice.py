"""Numbering, choosing and checking the faces of a photo."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import PhotoError
from facechain_ext.faces import check_face, choose_face, read_picture
from facechain_ext.faces.types import Face

POINTS = np.array([(30, 40), (70, 40), (50, 60), (35, 80), (65, 80)], np.float32)


def make_face(left=0.0, size=100.0, **angles) -> Face:
    return Face((left, 10.0, left + size, 10.0 + size), POINTS, 0.9, **angles)


def test_faces_are_numbered_from_the_left_and_the_largest_is_the_default():
    left, large, right = make_face(0, 50), make_face(60, 120), make_face(300, 120)
    assert choose_face([large, right, left]) is large
    assert [choose_face([large, right, left], n) for n in (1, 2, 3)] == [left, large, right]
    for number in (0, 4):
        with pytest.raises(PhotoError, match="numbered 1 to 3"):
            choose_face([large, right, left], number)
    with pytest.raises(PhotoError, match="No face"):
        choose_face([])


@pytest.mark.parametrize(
    ("face", "message"),
    [
        (make_face(size=39), "39 pixels"),
        (make_face(yaw=80), "turned 80° away"),
        (make_face(yaw=-75), "turned 75° away"),
        (make_face(left=440, size=100), "outside"),
    ],
)
def test_unusable_faces_are_refused(astronaut, face, message):
    picture = read_picture(astronaut[:, :480])
    with pytest.raises(PhotoError, match=message):
        check_face(picture, face)


def test_warnings_about_small_and_turned_faces(astronaut):
    picture = read_picture(astronaut)
    assert check_face(picture, make_face()) == ()
    assert "small" in check_face(picture, make_face(size=60))[0]
    assert "turned 50°" in check_face(picture, make_face(yaw=50))[0]
