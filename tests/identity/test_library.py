"""The library of cards: nothing lost, nothing outside its folder, nothing left after deleting."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.identity import Identity, encode
from facechain_ext.identity.library import CardLibrary


@pytest.fixture(scope="module")
def person(astronaut, encoder):
    return Identity.from_photos(astronaut, encoder, name="Eileen")


@pytest.fixture
def library(tmp_path):
    return CardLibrary(tmp_path / "cards")


@pytest.mark.parametrize("name", ["Anna", "李雷", "👩‍🚀 crew", "a.b"])
def test_save_search_load_rename_delete(library, person, name):
    assert library.names() == []
    library.save(person, name)
    assert library.names() == [name]
    assert library.names(name[:1].upper()) == [name]
    assert library.names("zzz") == []
    assert library.load(name).digest == person.digest
    library.rename(name, "Other")
    assert library.names() == ["Other"]
    library.delete("Other")
    assert list(library.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", "CON", "", ".", "..", "a\nb", "/etc/passwd", "x" * 300, "a:b"])
def test_bad_names_are_refused_and_nothing_is_written(library, person, tmp_path, name):
    for act in (lambda: library.save(person, name), lambda: library.load(name), lambda: library.delete(name)):
        with pytest.raises(WeightsError):
            act()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_taken_name_is_kept(library, person):
    library.save(person, "Anna")
    before = library.path("Anna").read_bytes()
    with pytest.raises(WeightsError, match="already"):
        library.save(person, "Anna")
    library.save(person, "Berta")
    with pytest.raises(WeightsError, match="already"):
        library.rename("Berta", "Anna")
    assert library.path("Anna").read_bytes() == before
    assert library.names() == ["Anna", "Berta"]


def test_cards_from_elsewhere_are_checked_and_never_overwrite(library, person, tmp_path):
    card = tmp_path / "Anna.safetensors"
    person.save(card)
    assert library.add(card) == "Anna"
    assert library.add(card) == "Anna 2"
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"x" * 100)
    with pytest.raises(WeightsError):
        library.add(bad)
    assert library.names() == ["Anna", "Anna 2"]


def test_deleting_forgets_what_was_in_memory(library, person, astronaut, encoder):
    Identity.from_photos(np.ascontiguousarray(astronaut), encoder)
    assert encode._known
    library.save(person, "Anna")
    library.delete("Anna")
    assert not encode._known
