"""Whose face a kept card has, and what adding photos does to a chosen card."""

from __future__ import annotations

import pytest
from PIL import ImageOps

from facechain_ext.errors import FaceChainError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.ui.portrait.person import (
    PersonRequest,
    PhotoPreview,
    load_identity,
    preview_photo,
    save_mix_card,
    save_photos_card,
)
from facechain_ext.weights import set_models_folder
from tests.encoders import small_encoder
from tests.ui.fakes import FACE, FakeHost


@pytest.fixture(scope="module")
def encoder():
    return small_encoder()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two photos of Doris, who is Cora mirrored."""
    folder = tmp_path_factory.mktemp("photos")
    ImageOps.mirror(FACE).save(folder / "doris.png")
    ImageOps.mirror(FACE).convert("L").convert("RGB").save(folder / "grey.png")
    return folder / "doris.png", folder / "grey.png"


@pytest.fixture
def host(tmp_path, encoder):
    class Studio(FakeHost):
        def encoder(self):
            return encoder

    set_models_folder(tmp_path)
    CardLibrary().save(Identity.from_photos(FACE, encoder, name="Cora"), "Cora")
    yield Studio(tmp_path)
    set_models_folder(None)


@pytest.mark.parametrize(
    "chosen",
    [{}, {"card": "Cora"}, {"second": "Cora", "mix": 40.0}, {"card": "Cora", "second": "Cora", "mix": 40.0}],
    ids=["no card", "a card", "mixed", "a card and mixed"],
)
def test_a_card_is_the_person_of_the_photos_whichever_cards_are_chosen(host, encoder, photos, chosen):
    person = PersonRequest(photos, (1.0, 0.5), **chosen)
    assert "Saved Doris" in save_photos_card(host, person, " Doris ", agreed=True)
    saved = CardLibrary().load("Doris")
    assert saved.name == "Doris"
    assert saved.digest == Identity.from_photos(list(photos), encoder, weights=(1.0, 0.5)).digest
    assert saved.digest != CardLibrary().load("Cora").digest


@pytest.mark.parametrize(
    ("shown", "name", "agreed", "message"),
    [
        ([], "Doris", True, "none here shows a face"),
        (["rocks.png"], "Doris", True, "none here shows a face"),
        ([], "Doris", False, "Tick"),
        ([], "../x", True, "Choose another name"),
    ],
)
def test_without_a_face_nothing_is_kept_not_even_the_chosen_card(host, tmp_path, shown, name, agreed, message):
    previews = [PhotoPreview(tmp_path / file, "", "No face.", usable=False) for file in shown]
    person = PersonRequest.from_values(previews, [0, "Cora", "", 0, *[1.0] * len(previews)])
    with pytest.raises(FaceChainError, match=message):
        save_photos_card(host, person, name, agreed=agreed)
    assert CardLibrary().names() == ["Cora"]


def test_a_picture_is_of_the_chosen_card_and_without_one_of_the_photos(host, photos):
    both, alone = (load_identity(host, PersonRequest(photos, (1.0, 1.0), card=card)) for card in ("Cora", ""))
    assert both.digest == CardLibrary().load("Cora").digest
    assert alone.digest != both.digest


@pytest.mark.parametrize(
    ("card", "usable", "released"),
    [
        ("Cora", [True], True),
        ("Cora", [False, True], True),
        ("Cora", [False], False),
        ("Cora", [], False),
        ("", [True], False),
        (None, [True], False),
    ],
)
def test_photos_with_a_face_take_the_place_of_the_chosen_card(tmp_path, card, usable, released):
    pytest.importorskip("gradio", reason="gradio is not installed")
    from facechain_ext.ui.portrait.person_panel import clear_card

    chosen, said = clear_card(card, [PhotoPreview(tmp_path / "a.png", "", "", usable=one) for one in usable])
    assert (chosen == "") is released
    assert ["not the card Cora" in one for one in said] == ([True] if released else [])


def test_the_mix_that_is_chosen_is_kept_as_a_card(host, encoder, photos):
    person = PersonRequest(photos=photos[:1], weights=(1.0,), second="Cora", mix=30)
    assert "Saved Mia" in save_mix_card(host, person, " Mia ", agreed=True)
    saved, wanted = CardLibrary().load("Mia"), load_identity(host, person)
    assert saved.digest == wanted.digest
    assert saved.notes == ("Mixed: 70 % the photos, 30 % Cora.",)
    for one in (PersonRequest(card="Cora"), PersonRequest(card="Cora", second="Cora")):
        with pytest.raises(FaceChainError, match="Nobody is mixed in"):
            save_mix_card(host, one, "Nora", agreed=True)
    with pytest.raises(FaceChainError, match="agrees"):
        save_mix_card(host, person, "Nora", agreed=False)
    assert CardLibrary().names() == ["Cora", "Mia"]


def test_a_dark_photo_is_called_dark_and_a_good_one_good(tmp_path):
    FACE.save(tmp_path / "good.png")
    FACE.point(lambda value: value // 16).save(tmp_path / "dark.png")
    assert preview_photo(tmp_path / "good.png").message == "Good."
    assert "too dark" in preview_photo(tmp_path / "dark.png").message
