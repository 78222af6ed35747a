"""Numbers in texts: written so that they read back unchanged, and read without surprises."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}")
_LONGEST = 400
"""Characters of the smallest float that is written out without an exponent."""


def format_number(number: float) -> str:
    """The fewest digits that read back as the same number, without an exponent: ``0.00001``, ``7``, ``0.30000000004``.

    An exponent's sign would be taken for the separator of ranges such as ``0-1``.
    """
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_float(text: str) -> float:
    """The number that ``text`` says in ASCII digits; raises ValueError for any other text, infinities and NaN."""
    text = text.strip()
    if len(text) > _LONGEST or not _FLOAT.fullmatch(text):
        raise ValueError(f"{shown(text)} is no number")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shown(text)} is too large")
    return number


def read_integer(text: str) -> int:
    """The whole number that ``text`` says in at most 20 ASCII digits; raises ValueError for any other text."""
    text = text.strip()
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{shown(text)} is no whole number")
    return int(text)


def shown(value: object, most: int = 40) -> str:
    """``value`` for a message, cut after ``most`` characters; integers too long for Python to print are described."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "a number of thousands of digits" if isinstance(value, int) else "a value too deep to be shown"
    return text if len(text) <= most else f"{text[:most]}…"
