"""Who is in a picture, as its settings say it, and read again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from facechain_ext.recipes.infotext import format_identities, parse_identities

NAMES = ["Anna", "", "x;y", "A (b)", "Anna 65 % + Bea 35 %", "安娜", "0123abcd"]


@pytest.mark.parametrize("count", range(1, len(NAMES)))
def test_everybody_comes_back_with_name_and_hash(count):
    people = [(name, f"{number:08x}") for number, name in enumerate(NAMES[:count])]
    label = format_identities([SimpleNamespace(name=name, digest=digest) for name, digest in people])
    assert parse_identities({"FaceChain identity": label}) == people


@pytest.mark.parametrize("text", ["", "nobody", "Anna (0123)", "Anna (0123abcz)"])
def test_a_label_without_a_hash_names_nobody(text):
    assert parse_identities({"FaceChain identity": text}) == []
    assert parse_identities({}) == []
