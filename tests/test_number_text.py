"""Numbers in texts come back as they were, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.number_text import format_number, read_float, read_integer, shown


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
def test_any_value_is_shown_in_few_signs(value):
    assert len(shown(value)) <= 41


def test_a_value_too_deep_to_print_is_described():
    assert "deep" in shown(deep())
