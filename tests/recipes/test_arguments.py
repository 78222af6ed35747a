"""One table: the interface, the API, the infotext and the defaults agree with it."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.errors import InputError
from facechain_ext.methods import registry
from facechain_ext.recipes.arguments import FaceArguments, own_settings, parse_method_settings, settings_table
from facechain_ext.recipes.regions import RegionPrompt
from tests.methods.second_method import Shift

HUGE = 10**5000
"""More digits than Python prints."""


def test_the_fields_and_their_defaults_are_the_tables():
    assert [field.name for field in fields(FaceArguments) if field.name != "method_settings"] == [
        line.name for line in settings_table() if line not in own_settings()
    ]
    for line in settings_table():
        assert FaceArguments().value(line.name) == line.default, line.name
    assert FaceArguments.parse({}) == FaceArguments()


def test_every_label_and_every_infotext_label_is_said_once():
    labels = [line.label for line in settings_table()]
    written = [line.infotext for line in settings_table() if line.infotext]
    assert len(set(labels)) == len(labels)
    assert len(set(written)) == len(written)
    assert all(label.startswith("FaceChain ") for label in written)


@given(
    st.floats(0, 2),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda w: tuple(sorted(w))),
    st.integers(0, 50),
    st.booleans(),
    st.sampled_from(["auto", "majic", "my adapter, v2: final"]),
)
def test_infotext_gives_back_what_was_written(strength, window, face, hires, adapter):
    asked = FaceArguments(strength=strength, window=window, face=face, hires=hires, adapter=adapter)
    text = {label: str(value) for label, value in asked.infotext().items()}
    assert FaceArguments.parse(FaceArguments.from_infotext(text)) == asked


@pytest.mark.parametrize(
    ("text", "window"),
    [("0-1", (0, 1)), ("0.1-0.9", (0.1, 0.9)), ("1e-05-1", (1e-05, 1)), ("1e-05-2.5e-05", (1e-05, 2.5e-05))],
)
def test_windows_of_version_0_1_0_are_read(text, window):
    assert tuple(FaceArguments.from_infotext({"FaceChain window": text})["window"]) == window


@pytest.mark.parametrize("text", ["", "1", "-", "0--1", "nan-1", "0-inf", "²-1", "0-1-1", "9" * 400 + "-1"])
def test_invalid_windows_are_refused(text):
    with pytest.raises((ValueError, InputError)):
        FaceArguments.parse(FaceArguments.from_infotext({"FaceChain window": text}))


@pytest.mark.parametrize(
    "value",
    [10**30, 10**400, HUGE, 1e300, float("inf"), float("nan"), [[]] * 9, "²"],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("name", ["face", "strength"])
def test_impossible_numbers_are_refused_with_a_sentence(name, value):
    with pytest.raises(InputError, match=f"^FaceChain: {name} is a number from 0 to .{{1,2}}, not .{{1,60}}$"):
        FaceArguments.parse({name: value})


def test_a_box_as_a_list_is_kept_to_the_last_digit():
    box = FaceArguments.parse({"box": [0, 1e-05, 1 / 3, 1.0]}).box
    assert box == "0, 0.00001, 0.3333333333333333, 1"
    for wrong in ([0, 0, 10**400, 1], [float("nan")] * 4, [0, 0, 1], ["0", 0, 1, 1]):
        with pytest.raises(InputError, match="is no box"):
            FaceArguments.parse({"box": wrong})


def test_people_of_photos_alone_write_no_empty_list():
    assert "FaceChain people" not in FaceArguments(people=(RegionPrompt(photos=("x",)),)).infotext()


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
    with pytest.raises(InputError, match=message):
        FaceArguments.parse(values)


def test_none_means_the_default():
    assert FaceArguments.parse({"strength": None, "face": None}) == FaceArguments()


def test_photos_are_not_shown_when_settings_are_logged():
    assert "secret" not in repr(FaceArguments(photos=("secret",)))


@pytest.fixture
def second_method(monkeypatch):
    monkeypatch.setattr(registry, "_methods", [*registry._methods, Shift()])


def test_settings_of_a_method_are_read_from_texts(second_method):
    texts = ["shift_gain=0.75", " shift_note = a=b "]
    assert parse_method_settings(texts) == {"shift_gain": 0.75, "shift_note": "a=b"}
    assert parse_method_settings([]) == {}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["shift_gain"], "no setting 'shift_gain' .*it knows .*shift_gain, shift_note"),
        (["strength=1"], "no setting 'strength'"),
        (["shift_gain=much"], "shift_gain cannot be 'much'"),
        (["shift_gain=1.5"], "shift_gain is a number from 0 to 1"),
        (["shift_gain=0", "shift_gain=1"], "shift_gain is given twice"),
    ],
)
def test_a_wrong_setting_of_a_method_is_named(second_method, texts, message):
    with pytest.raises(InputError, match=message):
        parse_method_settings(texts)


def test_without_such_a_method_no_setting_is_read():
    with pytest.raises(InputError, match="it knows preset, strength_curve, photomaker, style_strength, class_word"):
        parse_method_settings(["shift_gain=0.75"])
