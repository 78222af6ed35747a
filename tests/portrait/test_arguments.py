"""One table: the interface, the API, the infotext and the defaults agree with it."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.errors import HostError
from facechain_ext.portrait.arguments import TABLE, FaceArguments


def test_the_fields_and_their_defaults_are_the_tables():
    assert [field.name for field in fields(FaceArguments)] == [line.name for line in TABLE]
    for line in TABLE:
        assert getattr(FaceArguments(), line.name) == line.default, line.name
    assert FaceArguments.parse({}) == FaceArguments()


def test_every_label_and_every_infotext_label_is_said_once():
    labels = [line.label for line in TABLE]
    written = [line.infotext for line in TABLE if line.infotext]
    assert len(set(labels)) == len(labels)
    assert len(set(written)) == len(written)
    assert all(label.startswith("FaceChain ") for label in written)


@given(
    st.floats(0, 2).map(lambda x: round(x, 3)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda w: tuple(sorted(round(x, 3) for x in w))),
    st.integers(0, 50),
    st.booleans(),
    st.sampled_from(["auto", "majic", "my adapter, v2: final"]),
)
def test_infotext_gives_back_what_was_written(strength, window, face, hires, adapter):
    asked = FaceArguments(strength=strength, window=window, face=face, hires=hires, adapter=adapter)
    text = {label: str(value) for label, value in asked.infotext().items()}
    assert FaceArguments.parse(FaceArguments.from_infotext(text)) == asked


def test_a_picture_without_a_face_restores_nothing():
    assert FaceArguments.from_infotext({"Steps": "20", "Seed": "1"}) == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strength": -0.1}, "strength is a number from 0 to 2"),
        ({"strength": 2.1}, "strength"),
        ({"strength": "much"}, "strength"),
        ({"strength": True}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"face": 1.5}, "whole"),
        ({"face": -1}, "face"),
        ({"window": [0]}, "window"),
        ({"window": [1, 0]}, "window"),
        ({"window": [0, 2]}, "window"),
        ({"window": "0-1"}, "window"),
        ({"enabled": "yes"}, "enabled is true or false"),
        ({"photos": "x"}, "photos is a list"),
        ({"card": 3}, "card is a text"),
        ({"hires": 1}, "hires"),
        ({"photo": []}, "no setting 'photo'"),
    ],
)
def test_wrong_settings_are_named(values, message):
    with pytest.raises(HostError, match=message):
        FaceArguments.parse(values)


def test_none_means_the_default():
    assert FaceArguments.parse({"strength": None, "face": None}) == FaceArguments()


def test_photos_are_not_shown_when_settings_are_logged():
    assert "secret" not in repr(FaceArguments(photos=("secret",)))
