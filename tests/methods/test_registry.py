"""Methods behind one Protocol: a second one is registered, and every place that lists settings has its rows."""

from __future__ import annotations

import pytest

from facechain_ext.errors import HostError, InputError
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.lora.method import LoraMethod
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from facechain_ext.methods.registry import (
    choose_method,
    method_settings,
    register_method,
    registered_methods,
    unregister_method,
)
from facechain_ext.methods.setting import Setting
from facechain_ext.recipes.arguments import FaceArguments, own_settings, settings_table
from tests.methods.second_method import Shift


@pytest.fixture
def shift():
    method = Shift(("SD2",))
    register_method(method)
    yield method
    unregister_method(method)


def test_the_first_method_that_can_work_is_chosen(shift):
    assert choose_method("SD1.5").name == "FACT"
    assert choose_method("SDXL").name == "PhotoMaker"
    assert choose_method("SD2") is shift
    with pytest.raises(HostError, match=r"needs Stable Diffusion 1\.5.*Shift does not work with unknown"):
        choose_method("unknown")


def test_names_are_registered_once(shift):
    before = registered_methods()
    with pytest.raises(InputError, match="method called Shift already"):
        register_method(Shift())
    double = Shift()
    double.name, double.settings = "Other", (Setting("adapter", "Adapter", None, "", ""),)
    with pytest.raises(InputError, match="setting adapter of Other"):
        register_method(double)
    assert registered_methods() == before


def test_its_rows_are_in_the_table_and_go_with_it():
    method = Shift()
    without = settings_table()
    before = own_settings(), method_settings()
    register_method(method)
    assert [row.name for row in own_settings() if row not in before[0]] == ["shift_gain", "shift_note"]
    assert {row.name for row in settings_table()} - {row.name for row in without} == {"shift_gain", "shift_note"}
    unregister_method(method)
    assert settings_table() == without
    assert method_settings() == before[1] == (*FactMethod.settings, *PhotoMakerMethod.settings, *LoraMethod.settings)


def test_requests_and_pictures_carry_its_settings(shift):
    read = FaceArguments.parse({"card": "Anna", "shift_gain": 0.5})
    assert read.value("shift_gain") == 0.5
    assert read.of_method(shift) == {"shift_gain": 0.5, "shift_note": ""}
    written = read.infotext(read.of_method(shift))
    assert written["FaceChain shift gain"] == 0.5
    assert "FaceChain style strength" not in written
    text = {label: str(value) for label, value in written.items()}
    assert FaceArguments.parse(FaceArguments.from_infotext(text)).value("shift_gain") == 0.5
    with pytest.raises(InputError, match="shift_gain is a number from 0 to 1"):
        FaceArguments.parse({"shift_gain": 2})


def test_without_it_its_settings_are_unknown():
    with pytest.raises(InputError, match="knows no setting 'shift_gain'"):
        FaceArguments.parse({"shift_gain": 0.5})


@pytest.mark.parametrize(
    ("row", "value", "read", "text"),
    [
        (Setting("a", "A", "A", default=True, help=""), False, False, "False"),
        (Setting("a", "A", "A", 0.5, "", 0, 1), 1, 1.0, "1"),
        (Setting("a", "A", "A", 3, "", 0, 9), 4.0, 4, "4"),
        (Setting("a", "A", "A", "x", ""), "y", "y", "y"),
        (Setting("a", "A", "A", (0.0, 1.0), "", 0, 1), [0.25, 0.5], (0.25, 0.5), "0.25-0.5"),
    ],
    ids=["truth", "number", "whole number", "text", "window"],
)
def test_a_value_is_read_by_the_kind_of_the_default(row, value, read, text):
    assert row.read(value) == read
    assert type(row.read(value)) is type(read)
    assert row.read(row.from_infotext(text)) == read


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (Setting("a", "A", "A", default=True, help=""), 1),
        (Setting("a", "A", "A", 0.5, "", 0, 1), True),
        (Setting("a", "A", "A", 0.5, "", 0, 1), float("nan")),
        (Setting("a", "A", "A", 0.5, "", 0, 1), 10**400),
        (Setting("a", "A", "A", 3, "", 0, 9), 2.5),
        (Setting("a", "A", "A", "x", ""), 3),
        (Setting("a", "A", "A", (0.0, 1.0), "", 0, 1), [0.6, 0.5]),
        (Setting("a", "A", "A", (0.0, 1.0), "", 0, 1), [0.6]),
    ],
)
def test_values_of_another_kind_are_refused_by_name(row, value):
    with pytest.raises(InputError, match="FaceChain: a is "):
        row.read(value)
