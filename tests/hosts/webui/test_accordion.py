"""The accordion: its settings, preview, cards, and what a pasted infotext restores."""

from __future__ import annotations

import base64
import io
import re
import types

import pytest
import torch
from PIL import Image

from tests.detectors import need_detector

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()

from tests.hosts.webui.fake_host import generation
from tests.hosts.webui.photo import BASE64, PHOTO, mirrored_photo


@pytest.fixture(scope="module")
def models(encoder_models):
    return encoder_models


def test_the_accordion_returns_the_settings(host):
    from facechain_ext.hosts.webui import accordion
    from facechain_ext.recipes.arguments import FaceArguments
    from facechain_ext.recipes.regions import RegionPrompt

    with gr.Blocks():
        components = host.script.ui(is_img2img=False)
    assert len(components) == len(accordion.component_names())
    values = [component.value for component in components]
    built = accordion.read(values)
    assert built == FaceArguments(enabled=False)
    labels = {label for label in host.script.paste_field_names if label.startswith("FaceChain")}
    everything = FaceArguments(
        face=1, box="0 0 1 1", people=(RegionPrompt("Anna"),), mix_with="Bea", mix_share=1,
        method="PhotoMaker", repair_faces=True,
        method_settings={"class_word": "child", "preset": "Fast", "strength_curve": "0:0, 1:1"},
    )  # fmt: skip
    assert labels == {"FaceChain identity", *everything.infotext()}


def test_pasting_restores_every_setting(host):
    from facechain_ext.hosts.webui import accordion
    from facechain_ext.recipes.arguments import FaceArguments
    from facechain_ext.recipes.regions import RegionPrompt

    with gr.Blocks():
        components = host.script.ui(is_img2img=False)
    others = (RegionPrompt("Anna", (0.5, 0.0, 1.0, 1.0)),)
    requested = FaceArguments(
        face=2, adapter="majic", strength=0.8, window=(0.1, 0.9), hires=False, box="0, 0, 0.5, 1", people=others,
        mix_with="Bea", mix_share=35.0, method_settings={"preset": "Fast", "strength_curve": "0:0, 0.2:1"},
    )  # fmt: skip
    text = {label: str(value) for label, value in requested.infotext().items()} | {"FaceChain identity": "0123abcd"}
    values = [component.value for component in components]
    for component, reader in host.script.infotext_fields:
        restored = reader(text)
        if restored is not None and component in components:  # others only tell the user something
            values[components.index(component)] = restored
    assert accordion.read(values) == requested


def test_nothing_is_restored_from_a_picture_without_a_face(host):
    with gr.Blocks():
        host.script.ui(is_img2img=False)
    assert all(reader({"Steps": "20"}) is None for _, reader in host.script.infotext_fields)


def test_the_preview_shows_the_face_or_the_reason(host, tmp_path, monkeypatch):
    from facechain_ext.hosts.webui import preview

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    uploaded = tmp_path / "photo.jpg"
    uploaded.write_bytes(PHOTO)
    seen = preview.preview([types.SimpleNamespace(name=str(uploaded))], "", 0)
    (encoded,) = re.findall(r"<img src='data:image/webp;base64,([^']+)'", seen)
    assert Image.open(io.BytesIO(base64.b64decode(encoded))).size == (112, 112)
    assert "fine" in seen
    refused = preview.preview([types.SimpleNamespace(name=__file__)], "", 0)
    assert "uploaded" in refused
    assert "<img" not in refused
    assert "<img" not in preview.preview(None, "", 0)


def test_choosing_other_photos_clears_the_preview(host):
    with gr.Blocks() as page:
        host.script.ui(is_img2img=False)
    photos, previewed = (
        number
        for name in ("photos", "previewed")
        for number, block in page.blocks.items()
        if block.elem_id == host.script.elem_id(name)
    )
    events = page.config["dependencies"]
    (clears,) = (one for one in events if (one["inputs"], one["outputs"]) == ([], [previewed]))
    assert str(photos) in str(clears["targets"])  # a number in gradio 3, a pair with the event's name in gradio 4
    assert page.fns[events.index(clears)].fn() == ""


def test_a_saved_card_is_found_by_its_name(host, unet):
    from facechain_ext.hosts.webui import pasting, people
    from facechain_ext.identity.library import CardLibrary

    person = people.encode_photos((BASE64,), name="Anna")
    CardLibrary().save(person, "Anna")
    try:
        run = generation(host, unet, {"card": "Anna", "strength": 1.0})
        assert not torch.equal(run.run(), generation(host, unet).run())
        assert run.extra_generation_params["FaceChain identity"].startswith("Anna (")
        assert pasting.restored_card({"FaceChain identity": f"Anna ({person.digest})"}) == "Anna"
    finally:
        CardLibrary().delete("Anna")


def test_a_card_is_saved_with_consent_and_deleted(host, tmp_path, monkeypatch):
    from facechain_ext.hosts.webui import card_row
    from facechain_ext.identity.library import CardLibrary

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    uploaded = tmp_path / "photo.jpg"
    uploaded.write_bytes(PHOTO)
    photos = [types.SimpleNamespace(name=str(uploaded))]
    for wrong, message in (
        ((photos, 0, "Anna", False), "agrees"),
        ((None, 0, "Anna", True), "no photo"),
        ((photos, 0, "../x", True), "name"),
        ((photos, 9, "Anna", True), "no face number 9"),
    ):
        assert message in card_row.save_photos(*wrong)[1]
        assert CardLibrary().names() == []
    update, message = card_row.save_photos(photos, 0, " Anna ", consent=True)
    assert update["value"] == "Anna"
    assert "Saved Anna" in message
    assert "already" in card_row.save_photos(photos, 0, "Anna", consent=True)[1]
    closed, *_, message = card_row.ask_to_delete("")
    assert (closed["visible"], "Choose" in message) == (False, True)
    opened, question, requested, _ = card_row.ask_to_delete("Anna")
    assert (opened["visible"], requested, CardLibrary().names()) == (True, "Anna", ["Anna"])
    assert "Delete Anna?" in question
    assert card_row.close_question()["visible"] is False
    assert "Deleted Anna" in card_row.delete("Anna")[1]
    assert list(CardLibrary().folder.iterdir()) == []


def test_two_cards_are_mixed_as_on_the_tab_and_the_mix_is_restored(host, unet):
    from facechain_ext.hosts.webui import pasting, people
    from facechain_ext.identity import Identity
    from facechain_ext.identity.library import CardLibrary

    mirrored = mirrored_photo()
    anna, bea = people.encode_photos((BASE64,), name="Anna"), people.encode_photos((mirrored,), name="Bea")
    for person in (anna, bea):
        CardLibrary().save(person, person.name)
    try:
        run = generation(host, unet, {"card": "Anna", "mix_with": "Bea", "mix_share": 35})
        run.run()
        infotext = run.extra_generation_params
        assert infotext["FaceChain identity"].endswith(f"({Identity.mix([(anna, 0.65), (bea, 0.35)]).digest})")
        assert pasting.restored_card(infotext) == "Anna"
        assert [pasting.setting_reader(name)(infotext) for name in ("mix_with", "mix_share")] == ["Bea", 35.0]
        assert pasting.restore_notes(infotext) is None
    finally:
        for person in (anna, bea):
            CardLibrary().delete(person.name)


def test_pasting_a_picture_of_one_person_clears_the_other_people(host):
    from facechain_ext.hosts.webui import pasting

    infotext = {"FaceChain identity": "0123abcd", "FaceChain strength": "0.5"}
    restored = {
        name: pasting.setting_reader(name)(infotext) for name in ("people", "box", "mix_with", "mix_share", "face")
    }
    assert restored == {"people": "", "box": "", "mix_with": "", "mix_share": 0.0, "face": 0}
    assert pasting.restored_card(infotext) == ""
    assert pasting.setting_reader("hires")(infotext) is None


@pytest.mark.parametrize("text", ["nan", "99", "²", "much", "9" * 400])
def test_an_invalid_setting_is_unchanged_and_reported(host, text):
    from facechain_ext.hosts.webui import pasting

    infotext = {"FaceChain identity": "0123abcd", "FaceChain strength": text}
    assert pasting.setting_reader("strength")(infotext) is None
    assert "trength" in pasting.restore_notes(infotext)


@pytest.mark.parametrize("value", [10**30, [[10**30]], {"a": 2**64}, -(2**63) - 1, [[[[[[]]]]]] * 2, "deep"])
def test_every_request_can_be_repeated_in_the_answer(host, value):
    import json

    from facechain_ext.errors import InputError
    from facechain_ext.hosts.webui import accordion

    if value == "deep":
        value = []
        for _ in range(300):
            value = [value]
    requested = {"photos": [BASE64], "face": value}
    with pytest.raises(InputError, match="face is a number"):
        accordion.read([requested])
    assert requested["photos"] == [BASE64]
    assert len(json.dumps(requested["face"])) < 100


def test_photos_reach_the_accordion_only_by_their_token(host, tmp_path):
    from facechain_ext.hosts.webui import pasting, photo_tokens

    photo = tmp_path / "photo.jpg"
    photo.write_bytes(PHOTO)
    text = photo_tokens.add_photo_token("a woman\nSteps: 20, Seed: 1, FaceChain identity: 0123abcd", [photo])
    infotext = {"FaceChain identity": "0123abcd", photo_tokens.LABEL: text.rpartition(": ")[2]}
    assert pasting.restored_photos(infotext)["value"] == [str(photo)]
    assert "came along" in pasting.restore_notes(infotext)
    for other in ({"FaceChain identity": "0123abcd"}, {**infotext, photo_tokens.LABEL: "0" * 32}):
        assert pasting.restored_photos(other) is None
    photo.unlink()
    assert pasting.restored_photos(infotext) is None
    assert photo_tokens.add_photo_token("", [photo]) == ""
    assert photo_tokens.add_photo_token("a text", []) == "a text"
