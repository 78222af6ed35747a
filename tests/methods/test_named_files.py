"""Weights files of a method by name: the published ones, the user's own, and what is said where there are none."""

from __future__ import annotations

import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.methods.named_files import AUTOMATIC, NamedFiles

FILES = NamedFiles(
    ("adapter-majic", "adapter-film"), "adapters", frozenset({".safetensors", ".pt"}), noun="adapter", prefix="adapter-"
)


def test_without_a_file_the_error_names_the_first_published_one(models_folder):
    assert FILES.files() == {}
    assert FILES.choices() == [AUTOMATIC]
    with pytest.raises(WeightsError, match="adapter-majic"):
        FILES.choose(AUTOMATIC)


def test_files_of_the_folder_are_sorted_and_only_its_suffixes_count(models_folder):
    folder = models_folder / "adapters"
    (folder / "z.pt").mkdir(parents=True)
    for name in ("b.safetensors", "a.pt", "notes.txt"):
        (folder / name).touch()
    assert FILES.files() == {"a": folder / "a.pt", "b": folder / "b.safetensors"}
    assert FILES.choose(AUTOMATIC) == "a"
    assert FILES.choose("b") == "b"
    with pytest.raises(WeightsError, match="no adapter called c; there are: a, b"):
        FILES.choose("c")


def test_a_file_of_the_user_replaces_the_published_one_of_its_name(models_folder, monkeypatch):
    published = models_folder / "published.safetensors"
    monkeypatch.setattr(
        "facechain_ext.methods.named_files.find", lambda key: published if key == "adapter-film" else None
    )
    assert FILES.files() == {"film": published}
    own = models_folder / "adapters" / "film.pt"
    own.parent.mkdir()
    own.touch()
    assert FILES.files() == {"film": own}
