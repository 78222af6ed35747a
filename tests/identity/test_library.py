"""The library of cards: nothing lost, nothing outside its folder, nothing left after deleting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.identity import Identity, encode
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.regions import RegionPrompt, format_region_prompts, parse_region_prompts
from facechain_ext.storage.atomic_write import temporary_path


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


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "CON", "", ".", "..", "a\nb", "/etc/passwd", "x" * 300, "a:b", "a/b"]
)
def test_bad_names_are_refused_and_nothing_is_written(library, person, tmp_path, name):
    for act in (lambda: library.save(person, name), lambda: library.load(name), lambda: library.delete(name)):
        with pytest.raises(InputError):
            act()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_taken_name_is_kept(library, person):
    library.save(person, "Anna")
    before = library.path("Anna").read_bytes()
    with pytest.raises(InputError, match="already"):
        library.save(person, "Anna")
    library.save(person, "Berta")
    with pytest.raises(InputError, match="already"):
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
    assert encode._cache
    library.save(person, "Anna")
    library.delete("Anna")
    assert not encode._cache


def test_the_librarys_name_is_the_cards_name(library, person):
    library.save(person, "Anna")
    library.rename("Anna", "Berta")
    assert library.load("Berta").name == library.facts("Berta").name == "Berta"
    assert b"Anna" not in library.path("Berta").read_bytes()
    assert b"Eileen" not in library.path("Berta").read_bytes()


def test_what_a_card_says_without_its_tokens(library, person):
    library.save(person, "Anna")
    facts = library.facts("Anna")
    assert (facts.encoder, facts.photos, facts.weights) == (person.encoder, person.photos, person.weights)
    assert np.array_equal(facts.thumbnail, person.thumbnail)


@pytest.mark.parametrize("content", [b"", b"half", None])
def test_a_damaged_card_harms_no_other_and_can_be_deleted(library, person, content):
    library.save(person, "Anna")
    whole = library.path("Anna").read_bytes()
    library.path("Half").write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert library.names() == ["Anna", "Half"]
    for act in (library.load, library.facts, lambda name: library.rename(name, "Other")):
        with pytest.raises(WeightsError, match="damaged"):
            act("Half")
    library.delete("Half")
    assert library.names() == ["Anna"]
    assert library.path("Anna").read_bytes() == whole


def test_a_broken_saving_leaves_nothing_after_deleting(library, person):
    library.save(person, "Anna")
    temporary_path(library.path("Anna")).write_bytes(b"half")
    library.delete("Anna")
    assert list(library.folder.iterdir()) == []


def test_the_longest_name_is_saved(library, person):
    name = "x" * (255 - len(".safetensors"))
    library.save(person, name)
    library.rename(name, "李" * 80)
    assert library.names() == ["李" * 80]


def test_a_card_that_cannot_be_written_says_so(library, person):
    library.folder.write_text("in the way")
    with pytest.raises(WeightsError, match="cannot be written"):
        library.save(person, "Anna")
    assert library.names() == []


def test_numbers_that_are_not_finite_count_as_damage(library, person, tmp_path):
    person.save(tmp_path / "x.safetensors")
    with safe_open(tmp_path / "x.safetensors", "pt") as file:
        metadata = file.metadata()
    tensors = load_file(tmp_path / "x.safetensors")
    tensors["face_tokens"] = torch.full_like(tensors["face_tokens"], float("nan"))
    save_file(tensors, tmp_path / "x.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match="damaged"):
        library.add(tmp_path / "x.safetensors")
    assert library.names() == []


def test_of_concurrent_saves_one_takes_the_name(library, person):
    def take(_):
        try:
            library.save(person, "Anna")
        except InputError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_an_empty_name_is_a_plain_sentence(tmp_path, person, name):
    library = CardLibrary(tmp_path)
    for act in (lambda: library.save(person, name), lambda: library.load(name), lambda: library.delete(name)):
        with pytest.raises(InputError, match="A card needs a name"):
            act()


@pytest.mark.parametrize("name", ["x;y", "王；一", "a@1", "Smith, Anna", "a (0123abcd)"])
def test_a_name_with_signs_of_the_format_can_be_used_among_several_people(tmp_path, person, name):
    library = CardLibrary(tmp_path)
    library.save(person, name)
    (other,) = parse_region_prompts(format_region_prompts([RegionPrompt(name, (0, 0, 0.5, 1))]))
    assert library.load(other.card).digest == person.digest
