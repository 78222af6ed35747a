"""Rendered people: the same for the same seed, exact masks, and the same person in other circumstances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.synthetic_world import caption, nuisance, person, render, scene, traits
from research.synthetic_world.people import BEARD_KINDS, HAIR_KINDS


def rendered(who=0, where=0, how=0, side=64):
    return render(person(who), scene(where), nuisance(how), side=side)


def test_the_same_seeds_give_the_same_pixels():
    first, second = rendered(3, 4, 5), rendered(3, 4, 5)
    assert np.array_equal(first.pixels, second.pixels)
    assert person(3) == person(3)
    assert caption(scene(4)) == caption(scene(4))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_masks_lie_in_one_another_and_landmarks_in_the_face(who, where, how):
    picture = rendered(who, where, how)
    assert not (picture.face & ~picture.head).any()
    assert not (picture.head & ~picture.person).any()
    assert picture.face.mean() > 0.01
    points = picture.landmarks
    assert points.shape == (5, 2)
    rows, columns = np.nonzero(picture.face | picture.head)
    assert columns.min() - 3 <= points[:, 0].min() <= points[:, 0].max() <= columns.max() + 3
    assert rows.min() - 3 <= points[:, 1].min() <= points[:, 1].max() <= rows.max() + 3
    assert points[0, 0] < points[1, 0]
    assert points[0, 1] < points[3, 1]


@pytest.mark.parametrize("side", [64, 96, 128])
def test_sizes(side):
    picture = rendered(side=side)
    assert picture.pixels.shape == (side, side, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.face.shape == (side, side)


def colours(picture):
    """Mean colour of the face, the head without the face, and nothing else."""
    hair = picture.head & ~picture.face
    parts = [picture.pixels[mask].mean(0) if mask.any() else np.zeros(3) for mask in (picture.face, hair)]
    return np.concatenate(parts)


def test_a_person_stays_nearer_to_themselves_than_to_others():
    people = range(30)
    plain = [where for where in range(200) if scene(where).style == "photo" and not scene(where).accessory][:2]
    first = np.stack([colours(rendered(who, plain[0], 1)) for who in people])
    second = np.stack([colours(rendered(who, plain[1], 2)) for who in people])
    first, second = first - first.mean(0), second - second.mean(0)  # what the light does to all
    distance = np.linalg.norm(first[:, None] - second[None], axis=-1)
    found = (distance.argmin(1) == np.arange(30)).mean()
    assert found > 0.5  # chance is 1 in 30; colours alone know most of them again


@pytest.mark.parametrize("kind", range(len(HAIR_KINDS)))
def test_every_kind_of_hair_looks_different(kind):
    def picture(number):
        who = replace(person(1), hair_kind=(number + 0.5) / len(HAIR_KINDS), hair_volume=0.8)
        assert who.hair_style == HAIR_KINDS[number]
        around = 3  # a forest; before the sunset of scene 0 a bun of this hair is hardly seen
        return render(who, scene(around), nuisance(around), side=96).pixels.astype(int)

    shown = picture(kind)
    differing = [
        (np.abs(shown - picture(other)).max(2) > 20).sum() for other in range(len(HAIR_KINDS)) if other != kind
    ]
    assert min(differing) > 100  # pixels of 9216


@given(seeds=st.lists(st.integers(0, 10_000), min_size=1, max_size=5))
def test_traits_are_the_numbers_and_one_hot_kinds(seeds):
    people = [person(seed) for seed in seeds]
    numbers = np.array([list(vars(who).values()) for who in people], np.float32)
    features = traits(numbers)
    kinds = [sorted(set(HAIR_KINDS)), sorted(set(BEARD_KINDS))]
    assert np.array_equal(features[:, :28], numbers)
    for row, who in zip(features[:, 28:].tolist(), people, strict=True):
        assert row == [kind == who.hair_style for kind in kinds[0]] + [kind == who.beard_style for kind in kinds[1]]


def test_eyes_never_meet_and_the_mouth_stays_below_the_nose():
    for who in range(200):
        x, y = rendered(who, 0, 0, side=96).landmarks.T
        assert x[1] - x[0] > 10
        assert y[3] > y[2] - 3


def test_captions_say_what_is_in_the_scene():
    for where in range(40):
        one = scene(where)
        words = caption(one)
        assert one.background in words or one.background.replace("_", " ") in words
        assert one.accessory in words
    assert len({scene(where).background for where in range(500)}) >= 12
    assert len({scene(where).style for where in range(500)}) == 8
