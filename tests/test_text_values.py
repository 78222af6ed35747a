"""Numbers come back from text unchanged, and nothing else is read as one; any value can be shown in a message."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.text_values import format_number, read_float, read_integer, replace_surrogates, shorten


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_and_has_no_exponent(number):
    text = format_number(number)
    assert "e" not in text.lower()
    if len(text) <= 400:
        assert read_float(text) == number


@pytest.mark.parametrize(
    ("number", "text"), [(7.0, "7"), (1e-05, "0.00001"), (0.30000000000000004, "0.30000000000000004"), (100, "100")]
)
def test_a_number_is_written_in_the_fewest_digits(number, text):
    assert format_number(number) == text


@pytest.mark.parametrize("text", ["", "²", "nan", "inf", "1e999", "1_0", "٣", "0x1", "1.2.3", "9" * 401, "1 2"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_float(text)


@pytest.mark.parametrize("text", ["", "²", "1.0", "9" * 400, "1e3", "٣", "--1"])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_integer(text)


def deep():
    nested: list = []
    for _ in range(20_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize("value", ["x" * 1000, 10**5000, [1] * 1000, "short"], ids=lambda value: type(value).__name__)
def test_shorten_limits_any_value(value):
    assert len(shorten(value)) <= 41


def test_a_value_too_deep_to_print_is_described():
    assert "deep" in shorten(deep())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna", "Anna"),
        ("Äñå 人 😀", "Äñå 人 😀"),
        (os.fsdecode(b"me\xff.png") if os.name != "nt" else "me\udcff.png", "me\ufffd.png"),
        ("\ud83d\ude00", "😀"),  # a surrogate pair is one character
        ("\ud83d", "\ufffd"),
        ("", ""),
    ],
)
def test_lone_surrogates_are_replaced(text, expected):
    assert replace_surrogates(text) == expected
    replace_surrogates(text).encode("utf-8")
