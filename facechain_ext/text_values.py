"""Values as text: numbers that read back unchanged, values shortened for messages, text that UTF-8 can hold."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}")
_MAX_FLOAT_CHARACTERS = 400
"""Above the length of the smallest positive double without an exponent (341 characters)."""


def format_number(number: float) -> str:
    """The fewest digits that read back as the same number, without an exponent: ``0.00001``, ``7``, ``0.30000000004``.

    An exponent's sign would be parsed as the separator of ranges such as ``0-1``.
    """
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_float(text: str) -> float:
    """The finite number that ``text`` writes in ASCII digits; raises ValueError for any other text."""
    text = text.strip()
    if len(text) > _MAX_FLOAT_CHARACTERS or not _FLOAT.fullmatch(text):
        raise ValueError(f"{shorten(text)} is no number")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shorten(text)} is too large")
    return number


def read_integer(text: str) -> int:
    """The integer that ``text`` writes in at most 20 ASCII digits; raises ValueError for any other text."""
    text = text.strip()
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{shorten(text)} is no whole number")
    return int(text)


def shorten(value: object, limit: int = 40) -> str:
    """The repr of ``value`` cut after ``limit`` characters, for messages; never raises.

    Integers too long for Python to print, and values nested too deeply, are described instead.
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "a number of thousands of digits" if isinstance(value, int) else "a value too deep to be shown"
    return text if len(text) <= limit else f"{text[:limit]}…"


def replace_surrogates(text: str) -> str:
    """``text`` with U+FFFD for lone surrogates, which UTF-8 cannot encode; pairs become their character.

    Python decodes bytes of file names and arguments that are not valid in the file system's encoding as surrogates.
    """
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
