"""The table of real faces: each pair counted once, in the range of its turn."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from facechain_ext.errors import InputError
from facechain_ext.faces.types import Face
from research.real_faces import Pair, _rounded, photos, summary, turn

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


def test_figures_that_were_not_found_are_written_as_json_can_hold_them():
    rows = {name: _rounded(value) for name, value in asdict(replace(PAIR, deviation=float("nan"))).items()}
    assert rows["deviation"] is None
    assert rows["to_guest"] == 0.4
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_the_published_figures_are_json_and_give_the_published_table():
    folder = Path(__file__).parents[2] / "docs" / "research"

    def refuse(sign):
        raise AssertionError(f"{sign} is no JSON")

    figures = json.loads((folder / "real-faces.json").read_text(encoding="utf-8"), parse_constant=refuse)
    page = (folder / "real-faces.md").read_text(encoding="utf-8")
    pairs = [Pair(**{**row, "deviation": np.nan if row["deviation"] is None else row["deviation"]})
             for row in figures["pairs"]]  # fmt: skip
    found = [line.split("|")[1:8] for line in summary(pairs)[2:]]
    told = [
        line.split("|")[1:8] for line in page.splitlines() if line.startswith(("| 0 to 25", "| 25 to 45", "| one in"))
    ]
    assert told == found
    assert f"{sum(row['faces'] for row in figures['photos'])} faces of eight photos" in page
