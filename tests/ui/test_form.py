"""The table of the page's settings."""

from __future__ import annotations

import pytest

from facechain_ext.errors import InputError
from facechain_ext.recipes.arguments import argument
from facechain_ext.recipes.portrait_settings import PORTRAIT_SETTINGS
from facechain_ext.recipes.style_settings import Settings
from facechain_ext.ui.portrait.form import (
    BY_NAME,
    DEFAULTS,
    FIELDS,
    NAMES,
    NO_LORA,
    form_from_values,
    settings_from_form,
    validated_form,
)


def values(**changes):
    return [{**DEFAULTS, **changes}[name] for name in NAMES]


def test_every_default_is_valid():
    assert all(field.read(field.default) == field.default for field in FIELDS)
    assert len(set(NAMES)) == len(NAMES)
    labels = [field.infotext for field in FIELDS if field.infotext]
    assert len(set(labels)) == len(labels)
    assert all(label.startswith("FaceChain ") for label in labels)


def test_labels_are_those_of_the_accordion():
    assert BY_NAME["strength"].label == argument("strength").label
    assert BY_NAME["window_start"].label.startswith(argument("window").label)
    assert BY_NAME["strength"].default == argument("strength").default


@pytest.mark.parametrize("row", [row for row in PORTRAIT_SETTINGS if row.is_number], ids=lambda row: row.name)
def test_a_number_of_the_page_is_within_the_recipes_range(row):
    field = BY_NAME[row.name]
    assert (field.low, field.high, field.step) == row.slider
    assert row.low <= field.low <= field.high <= row.high


def test_default_form_gives_the_recipes_defaults():
    settings, usual = (
        settings_from_form(form_from_values(values()), 5),
        Settings(strength=0.5, lora_weight=0.25, count=4, keep=4, seed=5),
    )
    assert settings == usual


@pytest.mark.parametrize("name", [field.name for field in FIELDS if field.high])
def test_every_number_is_held_to_its_limits(name):
    field = BY_NAME[name]
    for good in (field.low, field.high):
        assert form_from_values(values(**{name: good}))[name] == good
    for bad in (field.low - 1, field.high + 1, float("nan"), float("inf"), "many", [1], True):
        with pytest.raises(InputError, match=field.label):
            form_from_values(values(**{name: bad}))


def test_gradios_none_and_whole_floats_are_converted():
    form = form_from_values([None] * len(NAMES))
    assert form == DEFAULTS
    form = form_from_values(values(steps=20.0, cfg=7))
    assert form["steps"] == 20
    assert isinstance(form["steps"], int)
    assert isinstance(form["cfg"], float)
    with pytest.raises(InputError, match="Steps"):
        form_from_values(values(steps=20.5))


def test_long_texts_are_refused():
    with pytest.raises(InputError, match="Prompt"):
        form_from_values(values(prompt="x" * 5000))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lora": NO_LORA}, {"lora": None, "lora_weight": 0.0}),
        ({"adapter": "film"}, {"adapter": "film"}),
        ({"count": 8}, {"count": 8, "keep": 8}),
        ({"count": 8, "keep": 3}, {"keep": 3}),
        ({"count": 2, "keep": 5}, {"keep": 2}),
        ({"width": 515}, {"width": 512}),
    ],
)
def test_settings_from_form(changes, expected):
    settings = settings_from_form(form_from_values(values(**changes)), 1)
    assert {name: getattr(settings, name) for name in expected} == expected


def test_a_lora_of_the_host_takes_the_place_of_the_styles():
    settings = settings_from_form(form_from_values(values(lora="ink", lora_weight=0.6)), 1)
    assert (settings.lora.file, settings.lora.weight) == ("ink", 0.6)


def test_hires_is_asked_for_only_when_it_is_on():
    assert settings_from_form(form_from_values(values(hires_scale=3.0)), 1).hires is None
    hires = settings_from_form(form_from_values(values(hires=True, hires_scale=3.0, hires_upscaler="Lanczos")), 1).hires
    assert (hires.scale, hires.upscaler) == (3.0, "Lanczos")


def test_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(InputError, match="let it end after its start"):
        settings_from_form(form_from_values(values(window_start=0.8, window_end=0.2)), 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [([], "no settings"), ({"colour": 1}, "colour"), ({"steps": "many"}, "Steps"), ({"suits": "dog"}, "The person is")],
)
def test_preset_files_are_checked(content, words):
    with pytest.raises(InputError, match=words):
        validated_form(content)
    assert validated_form({"steps": 7})["steps"] == 7
