"""Several people: boxes out of words and requests, columns, and masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.errors import InputError
from facechain_ext.recipes.arguments import argument
from facechain_ext.recipes.regions import (
    RegionPrompt,
    format_region_prompts,
    parse_region_prompts,
    region_mask,
    resolve_boxes,
)

SIDES = st.floats(0, 1)
BOXES = st.tuples(SIDES, SIDES, SIDES, SIDES).filter(lambda b: b[2] - b[0] > 0.01 and b[3] - b[1] > 0.01)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("Anna", (RegionPrompt("Anna"),)),
        ("Anna\n\nBob Smith", (RegionPrompt("Anna"), RegionPrompt("Bob Smith"))),
        (
            "Anna: 0, 0, .5, 1; Bob @ 0.5 0 1 1",
            (RegionPrompt("Anna", (0, 0, 0.5, 1)), RegionPrompt("Bob", (0.5, 0, 1, 1))),
        ),
        ("安娜：0，0，0.5，1；王一", (RegionPrompt("安娜", (0, 0, 0.5, 1)), RegionPrompt("王一"))),
        ("Anna *0.8", (RegionPrompt("Anna", strength=0.8),)),
        ("Anna *1e-05: 1e-05, 0, 1, 1", (RegionPrompt("Anna", (1e-05, 0, 1, 1), strength=1e-05),)),
        ('"x;y" *0.8：0，0，1，1；"王；一"', (RegionPrompt("x;y", (0, 0, 1, 1), strength=0.8), RegionPrompt("王；一"))),
        ('"a@1"\n b@home', (RegionPrompt("a@1"), RegionPrompt("b@home"))),
        ("Anna-2 * 1: 0 0 1 1", (RegionPrompt("Anna-2", (0, 0, 1, 1), strength=1.0),)),
    ],
)
def test_people_are_read_from_lines(text, found):
    assert parse_region_prompts(text) == found


STRENGTHS = st.none() | st.floats(0, 2)
NAMES = [
    "Anna",
    "Bob 2",
    "王 一",
    "x;y",
    "王；一",
    "a@1",
    "Smith, Anna",
    "甲，乙",
    "a@0, 0, 1, 1",
    "-1",
    "a (0123abcd)",
]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.none() | BOXES, STRENGTHS), max_size=9))
def test_text_gives_back_what_was_written(people):
    others = tuple(RegionPrompt(name, box, strength=strength) for name, box, strength in people)
    assert parse_region_prompts(format_region_prompts(others)) == others


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (": 0 0 1 1", "names no card"),
        ("Anna: 0 0 1", "is no box"),
        ("Anna: 0.5 0 0.5 1", "is no box"),
        ("Anna: -1 0 1 1", "is no box"),
        ([{"card": "Anna", "box": [0, 0, 1, True]}], "is no box"),
        ([{"name": "Anna"}], "card or photos"),
        ([{}], "either"),
        ("Anna *3", "strength is a number from 0 to 2, not 3"),
        ("Anna *1.2.3: 0 0 1 1", "strength"),
        ([{"card": "Anna", "strength": "1"}], "strength"),
        (None, "people is a text"),
        ("Anna *1e999", "strength"),
        ("x" * 2000, "names no card"),
        ('"": 0 0 1 1', "names no card"),
        ([{"card": "Anna", "box": [0, 0, 10**400, 1]}], "is no box"),
        ([{"card": "Anna", "strength": 10**400}], "strength"),
    ],
)
def test_what_is_wrong_is_named(value, message):
    with pytest.raises(InputError, match=message):
        parse_region_prompts(value)


def test_a_request_gives_everybody_a_strength_of_their_own():
    asked = [{"card": "Anna", "strength": 1}, {"photos": ["x"], "box": [0, 0, 1, 1]}]
    assert parse_region_prompts(asked) == (RegionPrompt("Anna", strength=1.0), RegionPrompt("", (0, 0, 1, 1), ("x",)))


@pytest.mark.parametrize("distance", [-0.01, 0, 0.01])
def test_strength_of_a_person_has_the_range_of_the_table(distance):
    row = argument("strength")
    for strength in (row.low - distance, row.high + distance):
        if distance <= 0:
            assert parse_region_prompts([{"card": "Anna", "strength": strength}])[0].strength == strength
        else:
            with pytest.raises(InputError, match=f"a number from {row.limits}"):
                parse_region_prompts([{"card": "Anna", "strength": strength}])


def test_nobody_with_a_box_means_columns_and_some_with_one_is_refused():
    assert resolve_boxes([None, None]) == [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]
    assert resolve_boxes([(0, 0, 1, 1)]) == [(0, 0, 1, 1)]
    with pytest.raises(InputError, match="some have none"):
        resolve_boxes([(0, 0, 1, 1), None])


def test_columns_cover_the_picture_once():
    total = sum(region_mask(box) for box in resolve_boxes([None] * 4))
    assert np.allclose(total, 1.0, atol=0.02)


@given(BOXES)
def test_a_mask_is_one_inside_and_nothing_far_outside(box):
    left, top, right, bottom = box
    mask = region_mask(box)
    middle = (np.arange(128) + 0.5) / 128
    inside = np.outer(
        (middle > top + 0.02) & (middle < bottom - 0.02), (middle > left + 0.02) & (middle < right - 0.02)
    )
    outside = np.outer(
        (middle > top - 0.02) & (middle < bottom + 0.02), (middle > left - 0.02) & (middle < right + 0.02)
    )
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert not inside.any() or mask[inside].min() > 0.99
    assert not (~outside).any() or mask[~outside].max() < 0.01
