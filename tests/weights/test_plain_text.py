"""Names that are not Unicode, made fit for files."""

from __future__ import annotations

import os

import pytest

from facechain_ext.weights.plain_text import storable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna", "Anna"),
        ("Äñå 人 😀", "Äñå 人 😀"),
        (os.fsdecode(b"me\xff.png") if os.name != "nt" else "me\udcff.png", "me\ufffd.png"),
        ("\ud83d\ude00", "😀"),  # a pair of halves is one sign
        ("\ud83d", "\ufffd"),
        ("", ""),
    ],
)
def test_what_utf_8_cannot_hold_is_replaced(text, expected):
    assert storable(text) == expected
    storable(text).encode("utf-8")
