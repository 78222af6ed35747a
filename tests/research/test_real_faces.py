"""The table of real faces: each pair counted once, in the range of its turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facechain_ext.errors import InputError
from facechain_ext.faces.types import Face
from research.real_faces import Pair, photos, summary, turn

PAIR = Pair("a", "b", 10.0, 0.4, 0.7, 0.75, 0.03, 0.2, 0)


def test_pairs_are_counted_in_the_range_of_their_turn():
    pairs = [
        PAIR,
        replace(PAIR, turn=25.0, to_guest=0.5, to_template=0.55),
        replace(PAIR, turn=25.1, to_guest=0.3),
        replace(PAIR, turn=50.0),
        replace(PAIR, turn=20.0, to_guest=0.6, side=True),
    ]
    near, far, side = summary(pairs)[2:]
    assert near == "| 0 to 25° | 2 | 50.0% | 0.450 | 0.50 | 50.0% | 3.0% | 0.20 |"
    assert far == "| 25 to 45° | 1 | 100.0% | 0.300 | 0.30 | 100.0% | 3.0% | 0.20 |"
    assert side == "| one in profile | 1 | 0.0% | 0.600 | 0.60 | 100.0% | 3.0% | 0.20 |"
    assert len(summary([PAIR])) == 3


def test_the_turn_is_the_larger_of_yaw_and_pitch():
    one = Face((0, 0, 9, 9), np.zeros((5, 2), np.float32), 0.9, yaw=10, pitch=-20, roll=50)
    assert turn(one, replace(one, yaw=-20, pitch=5)) == 30
    assert turn(one, replace(one, roll=0)) == 0


def test_a_folder_without_photos_says_where_to_get_them(tmp_path):
    with pytest.raises(InputError, match="face-api"):
        photos(tmp_path)
