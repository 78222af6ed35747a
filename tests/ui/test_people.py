"""The People page without a browser: the library's cards, and that deleting and importing leave no copy behind."""

from __future__ import annotations

import base64
import re
import types

import numpy as np
import pytest
import torch

from facechain_ext.errors import FaceChainError, WeightsError
from facechain_ext.identity import Identity, PhotoFact, consent
from facechain_ext.identity.library import CardLibrary
from facechain_ext.storage.owner import Owner, acting_as
from facechain_ext.ui.people import card_actions, gallery
from facechain_ext.weights import set_models_folder

BAD_NAMES = ["../x", "CON", "", "  ", "a" * 300, "An\nna", "a/b", ".x", "x\u202e"]


def person_of(grey, name, encoder="encoder"):
    pixels = np.full((1, 112, 112, 3), grey, np.uint8)
    fact = PhotoFact("<b>a</b>.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    tokens = torch.full((1, 4, 8), grey / 255) + torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(grey))
    embedding = torch.randn(1, 8, generator=torch.Generator().manual_seed(grey))
    return Identity(tokens, embedding, pixels, np.full((192, 192, 3), grey, np.uint8), (fact,), (1.0,), encoder, name)


@pytest.fixture
def library(tmp_path):
    set_models_folder(tmp_path / "models")
    for grey, name in ((50, "Anna"), (100, "Berta"), (200, "Cleo")):
        CardLibrary().save(person_of(grey, name), name)
    yield CardLibrary()
    set_models_folder(None)


@pytest.fixture
def uploads(tmp_path):
    """Stands for the host's check of uploads, and makes them."""

    class Uploads:
        def uploaded_path(self, file):
            return file.path

        def of(self, content, name="Anna.safetensors"):
            path = tmp_path / "upload"
            path.write_bytes(content)
            return types.SimpleNamespace(path=path, orig_name=name, name=str(path))

    return Uploads()


def test_cards_are_shown_and_a_damaged_one_among_them_says_so(library):
    (library.folder / "Half.safetensors").write_bytes(b"half")
    tiles = {tile.name: tile for tile in gallery.card_tiles()}
    assert list(tiles) == ["Anna", "Berta", "Cleo", "Half"]
    assert tiles["Anna"].picture.startswith("data:image/")
    assert "damaged" in tiles["Half"].error
    assert [tile.name for tile in gallery.card_tiles(" bErT ")] == ["Berta"]
    page = gallery.tiles_html("", "Anna")
    assert page.count("facechain-person") == 4
    assert page.count("aria-pressed='true'") == 1
    assert "No name contains “&lt;i&gt;”" in gallery.tiles_html("<i>")


def test_an_empty_library_says_how_to_begin(tmp_path):
    set_models_folder(tmp_path)
    assert "There is no card yet" in gallery.tiles_html()
    set_models_folder(None)


def test_a_name_is_text_and_never_html(library):
    library.save(person_of(1, ""), "a' onclick='x & 😀")
    assert "data-name='a&#x27; onclick=&#x27;x &amp; 😀'" in gallery.tiles_html()
    assert "<b>a</b>.jpg" not in gallery.card_details_html("a' onclick='x & 😀")


def test_too_many_cards_are_counted(library, monkeypatch):
    monkeypatch.setattr(gallery, "MAX_TILES", 2)
    page = gallery.tiles_html()
    assert page.count("facechain-person") == 2
    assert "1 more are not shown" in page


def test_what_a_card_says_of_itself_has_no_number_of_the_face(library):
    words = re.sub(r"data:image/[^']*", "", gallery.card_details_html("Anna"))
    assert words.count("This person has no LoRA.") == 1, "though two rows of methods need one"
    assert library.load("Anna").digest in words
    assert "&lt;b&gt;a&lt;/b&gt;.jpg" in words
    assert "version 1" in words
    assert not re.findall(r"-?\d\.\d{3,}", words)


def test_a_card_of_a_login_says_who_sees_it_and_is_shared_and_taken_back(library):
    with acting_as(Owner("ida")):
        CardLibrary().save(person_of(70, "Dora"), "Dora")
        assert "<td>ida</td>" in gallery.card_details_html("Dora")
        assert card_actions.toggle_sharing("Dora") == "Every login of this webui can use Dora now."
        assert "<td>all logins</td>" in gallery.card_details_html("Dora")
        assert card_actions.toggle_sharing("Dora") == "Dora is yours alone again."
        with pytest.raises(FaceChainError, match="shared by others"):
            card_actions.toggle_sharing("Anna")
    assert "Seen by" not in gallery.card_details_html("Anna")
    assert CardLibrary().names() == ["Anna", "Berta", "Cleo"]


def test_deleting_leaves_nothing_and_the_others(library):
    card_actions.delete_card("Anna")
    assert sorted(path.name for path in library.folder.iterdir()) == ["Berta.safetensors", "Cleo.safetensors"]
    for name in ("Anna", "", "../cards/Berta"):
        with pytest.raises(FaceChainError):
            card_actions.delete_card(name)
    assert library.names() == ["Berta", "Cleo"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_and_nothing_is_lost(library, uploads, name):
    before = {path: path.read_bytes() for path in library.folder.iterdir()}
    with pytest.raises(FaceChainError):
        card_actions.rename_card("Anna", name)
    with pytest.raises(FaceChainError):
        card_actions.mix_cards(["Anna", "Berta"], [50, 50], name)
    if name.strip():
        with pytest.raises(FaceChainError):
            card_actions.import_card(uploads, uploads.of(before[library.path("Anna")]), name, agreed=True)
    assert {path: path.read_bytes() for path in library.folder.iterdir()} == before


@pytest.mark.parametrize("name", ["李雷", "👩‍🚀", "a.b", "x" * 243])
def test_good_names_are_taken(library, name):
    assert card_actions.rename_card("Anna", f" {name} ") == name
    assert library.load(name).name == name


def test_a_taken_name_is_refused(library):
    for act in (
        lambda: card_actions.rename_card("Anna", "Berta"),
        lambda: card_actions.mix_cards(["Anna", "Cleo"], [1, 1], "Berta"),
    ):
        with pytest.raises(FaceChainError, match="already"):
            act()


def test_an_import_wants_consent_and_removes_the_upload(library, uploads):
    content = library.path("Anna").read_bytes()
    upload = uploads.of(content)
    with pytest.raises(FaceChainError, match="agrees"):
        card_actions.import_card(uploads, upload, agreed=False)
    assert not upload.path.exists()
    assert card_actions.import_card(uploads, uploads.of(content), agreed=True) == "Anna 2"
    assert card_actions.import_card(uploads, uploads.of(content), "Dora", agreed=True) == "Dora"
    assert library.load("Dora").digest == library.load("Anna").digest
    assert not upload.path.exists()


def newer(content):
    return content.replace(b'"version":"1"', b'"version":"9"')


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (newer, "version 9.*update FaceChain"),
        (lambda content: content[: len(content) // 2], "damaged"),
        (lambda _: b"", "damaged"),
        (lambda _: b"\x80\x04cos\nsystem\n(S'true'\ntR.", "not an identity card"),
    ],
)
def test_a_file_that_is_no_card_of_this_version_says_what_it_is(library, uploads, spoil, words):
    upload = uploads.of(spoil(library.path("Anna").read_bytes()), "New.safetensors")
    with pytest.raises(WeightsError, match=words):
        card_actions.import_card(uploads, upload, agreed=True)
    assert library.names() == ["Anna", "Berta", "Cleo"]
    assert not upload.path.exists()


def test_an_export_is_the_card_and_leaves_no_file(library, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    exported = re.search(r"data-name='([^']*)' data-content='([^']*)'", card_actions.export_card_html("Anna"))
    assert exported[1] == "Anna.safetensors"
    assert base64.b64decode(exported[2]) == library.path("Anna").read_bytes()
    assert sorted(tmp_path.rglob("*")) == before
    library.path("Anna").write_bytes(b"half")
    with pytest.raises(FaceChainError, match="damaged"):
        card_actions.export_card_html("Anna")


def test_a_mix_is_a_card_that_says_so(library):
    assert card_actions.mix_cards(["Anna", "Berta", "Cleo"], [30, 10, 0], "Both") == "Both"
    both, anna, berta = (library.load(name) for name in ("Both", "Anna", "Berta"))
    assert torch.equal(both.face_tokens, torch.cat([anna.face_tokens, berta.face_tokens]))
    assert both.blend == ((0.75, 0.25),)
    assert "version 2" in gallery.card_details_html("Both")
    assert both.notes == ("Mixed: 75 % Anna, 25 % Berta.",)
    assert (both.thumbnail[:, :144] == 50).all()
    assert (both.thumbnail[:, 144:] == 100).all()


@pytest.mark.parametrize(
    ("names", "shares", "words"),
    [
        (["Anna"], [50], "two or more"),
        (["Anna", "Berta"], [50, 0], "two or more"),
        ([], [], "two or more"),
        (["Anna"] * 7, [50] * 7, "At most 6"),
        (["Anna", "Nobody"], [50, 50], "no card called Nobody"),
        (["Anna", "Other"], [50, 50], "different encoders"),
    ],
)
def test_a_mix_that_cannot_be_says_why(library, names, shares, words):
    library.save(person_of(9, "Other", "another"), "Other")
    with pytest.raises(FaceChainError, match=words):
        card_actions.mix_cards(names, shares, "Both")
    assert "Both" not in library.names()


def test_the_notice_is_asked_for_once(tmp_path):
    set_models_folder(tmp_path)
    assert not consent.agreed()
    consent.agree()
    assert consent.agreed()
    for content in ("", "[]", '{"version": 0}'):
        (tmp_path / consent.FILE).write_text(content, encoding="utf-8")
        assert not consent.agreed()
    set_models_folder(tmp_path / consent.FILE / "below a file")
    with pytest.raises(WeightsError, match="cannot be written"):
        consent.agree()
    set_models_folder(None)
