"""A copy is a picture nearer to the photo put in than photos of the person are to each other."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import PhotoError
from facechain_ext.identity.copy_guard import check_copy
from facechain_ext.identity.photo_likeness import DescribedFace


def at(label, *position, doubt=""):
    descriptor = np.zeros(128, np.float32)
    descriptor[: len(position)] = position
    return DescribedFace(label, descriptor, doubt)


FIRST, SECOND, THIRD = at("first", 0, 0), at("second", 0.4, 0), at("third", 0, 0.5)


@pytest.mark.parametrize(
    ("position", "copied", "verdict"),
    [
        ((0.05, 0.05), True, "same person"),
        ((0.2, 0.2), True, "same person"),
        ((0.3, 0.25), False, "same person"),
        ((0.36, 0.0), False, "same person"),  # within what other crops of the same photos make
        ((0.9, 0.9), False, "someone else"),
    ],
)
def test_a_picture_is_judged_beside_further_photos(position, copied, verdict):
    found = check_copy(at("made.png", *position), [FIRST, SECOND, THIRD])
    assert found.is_copied == copied
    assert found.verdict == verdict
    assert found.between == pytest.approx(0.4)
    assert found.to_first == pytest.approx(float(np.hypot(*position)))
    assert ("copied" in str(found)) == copied


def test_a_doubt_on_any_face_leaves_the_person_open():
    found = check_copy(at("made.png", 0.3, 0.2), [FIRST, at("second", 0.4, 0, doubt="too small")])
    assert found.verdict == "no verdict"


def test_one_photo_is_not_enough():
    with pytest.raises(PhotoError, match="another photo"):
        check_copy(at("made.png", 0.1), [FIRST])
