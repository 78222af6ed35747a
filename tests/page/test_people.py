"""The People page without a browser: the library's cards, and that deleting and importing leave no copy behind."""

from __future__ import annotations

import types

import numpy as np
import pytest
import torch

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.errors import FaceChainError
from facechain_ext.identity import Identity, PhotoFact
from facechain_ext.identity.library import CardLibrary
from facechain_ext.page.people import about, deleted, imported, renamed, shelf
from facechain_ext.weights import set_models_folder


@pytest.fixture
def library(tmp_path):
    set_models_folder(tmp_path / "models")
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    person = Identity(torch.randn(1, 4, 8), torch.randn(1, 8), grey, grey[0], (fact,), (1.0,), "encoder", "Anna")
    CardLibrary().save(person, "Anna")
    yield CardLibrary()
    set_models_folder(None)


def host(path):
    return types.SimpleNamespace(uploaded=lambda _file: path)


def test_cards_are_shown_and_a_damaged_one_is_named(library):
    (library.folder / "Half.safetensors").write_bytes(b"half")
    found, pictures, troubles = shelf("")
    assert found == ["Anna"]
    assert pictures[0][1] == "Anna"
    assert len(troubles) == 1
    assert shelf("nobody")[0] == []


def test_what_a_card_says_of_itself_has_no_number_of_the_face(library):
    words = about("Anna")
    assert "1 photos (a.jpg)" in words
    assert "0." not in words.replace(".safetensors", "")


def test_deleting_wants_certainty_and_leaves_nothing(library):
    with pytest.raises(FaceChainError, match="Tick"):
        deleted("Anna", certain=False)
    deleted("Anna", certain=True)
    assert list(library.folder.iterdir()) == []


def test_an_import_wants_consent_and_removes_the_upload(library, tmp_path):
    upload = tmp_path / "upload.safetensors"
    upload.write_bytes(library.path("Anna").read_bytes())
    with pytest.raises(FaceChainError, match="agrees"):
        imported(host(upload), upload, agreed=False)
    assert imported(host(upload), upload, agreed=True) == "upload"
    assert not upload.exists()
    upload.write_bytes(b"no card")
    with pytest.raises(FaceChainError):
        imported(host(upload), upload, agreed=True)
    assert not upload.exists()


@pytest.mark.parametrize("name", ["../x", "CON", "", "a" * 300, "Anna\n"])
def test_bad_names_are_refused_and_the_card_stays(library, name):
    with pytest.raises(FaceChainError):
        renamed("Anna", name)
    assert library.names() == ["Anna"]
