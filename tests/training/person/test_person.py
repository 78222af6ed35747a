"""A person from photos: the LoRA, the card, going on, refusals."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from facechain_ext.demo.layout import WIDTH
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.loras import apply_loras
from facechain_ext.identity import Identity
from facechain_ext.identity.encode import PhotoFact
from facechain_ext.methods.lora.files import lora_file, tensors_digest
from facechain_ext.recipes.job import Lora
from facechain_ext.training.person import reward
from facechain_ext.training.person.card import card_lora
from facechain_ext.training.person.run import person_examples, train_person
from facechain_ext.training_runs.photos.decision import MASKS
from facechain_ext.training_runs.pictures import CaptionRow, read_table, write_png, write_table
from facechain_ext.training_runs.presets import preset_settings
from facechain_ext.training_runs.settings import LoraSettings, PersonRequest
from facechain_ext.weights.folders import use_lora_folders
from research.synthetic_world import nuisance, person, render, scene

FEW = LoraSettings(
    steps=3, rank=2, alpha=1.0, size=64, save_every=1, preview_every=3, rate=1e-3, text_encoder=True, flip=True,
    schedule="cosine", face_weight=2.0, velocity=5.0,
)  # fmt: skip


@pytest.fixture
def request_of(models, tmp_path, monkeypatch):
    """Requests whose photos are prepared already: the preparation has tests of its own."""
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))

    def make(work="work", **changes):
        folder = tmp_path / work / "pictures"
        (folder / MASKS).mkdir(parents=True, exist_ok=True)
        rows = []
        for number in range(3):
            drawn = render(person(1), scene(number), nuisance(number), side=96)
            write_png(folder / f"{number}.png", drawn.pixels)
            write_png(folder / MASKS / f"{number}.png", drawn.head.astype(np.uint8) * 255)
            rows.append(CaptionRow(f"{number}.png", use=number < 2, caption=f"ohwx person, {number}"))
        write_table(folder, rows)
        values = {"trigger": "ohwx", "loras": tmp_path / "Lora", "encoder": models.encoder, "validate": False}
        values |= changes
        return PersonRequest(models.checkpoint, folder, "Some One", work=tmp_path / work, **values)

    return make


@pytest.fixture
def identity():
    fact = PhotoFact("a.png", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "finder", "masker")
    aligned = np.zeros((1, 112, 112, 3), np.uint8)
    return Identity(torch.rand(1, 144, 64), torch.rand(1, 128), aligned, aligned[0], (fact,), (1.0,), "digest")


def test_a_reward_changes_what_is_learned(request_of, monkeypatch):
    drawn = render(person(1), scene(0), nuisance(0), side=96)
    head = cv2.resize(drawn.head.astype(np.uint8), (64, 64)).astype(bool)
    points = drawn.landmarks.astype(np.float32)
    faces = {96: (points, drawn.head), 64: (points * 2 / 3, head)}
    monkeypatch.setattr(reward, "find_head", lambda pixels: faces[len(pixels)])  # the tiny models draw none to be seen
    monkeypatch.setattr(reward, "EVERY", 1)
    short = replace(FEW, steps=2)
    plain = load_file(train_person(request_of("plain", loras=None), short))
    rewarded = load_file(train_person(request_of("rewarded"), replace(short, reward=1.0)))
    assert plain.keys() == rewarded.keys()
    assert any(not torch.equal(plain[name], rewarded[name]) for name in plain)


def test_a_lora_of_unet_and_text_encoder_acts_in_diffusers(request_of, models):
    final = train_person(request_of(), FEW)
    state = load_file(final)
    parts = {key.split("_")[1] for key in state}
    assert parts == {"unet", "te"}
    assert "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight" in state
    assert {float(value) for key, value in state.items() if key.endswith(".alpha")} == {1.0}
    with safe_open(final, framework="pt") as file:
        metadata = file.metadata()
    assert (metadata["ss_network_dim"], metadata["ss_network_alpha"]) == ("2", "1.0")
    checkpoint = load_checkpoint(models.checkpoint)
    x, text = torch.randn(1, 4, 8, 8), torch.randn(1, 5, WIDTH)
    ids = torch.arange(5)[None]
    with torch.no_grad():
        plain = checkpoint.unet(x, 10, text).sample, checkpoint.text_encoder(ids).last_hidden_state
        with apply_loras(checkpoint, [Lora(str(final), 1.0)]):
            changed = checkpoint.unet(x, 10, text).sample, checkpoint.text_encoder(ids).last_hidden_state
    assert all(not torch.equal(one, other) for one, other in zip(plain, changed, strict=True))


def test_going_on_makes_the_same_updates(request_of):
    whole, parts = [], []
    one = train_person(request_of("a"), FEW, report=lambda e: whole.append(e.get("loss")) or True)
    kept = load_file(one)
    one.unlink()
    stopped = request_of("b")
    assert train_person(stopped, FEW, report=lambda e: parts.append(e.get("loss")) or e.get("step") != 2) is None
    with pytest.raises(HostError, match="the number of steps was 3 and is 4 now"):  # the cosine depends on it
        train_person(stopped, LoraSettings(**vars(FEW) | {"steps": 4}), resume=True)
    final = train_person(stopped, FEW, resume=True, report=lambda e: parts.append(e.get("loss")) or True)
    assert [loss for loss in parts if loss] == [loss for loss in whole if loss]
    other = load_file(final)
    assert all(torch.equal(kept[key], other[key]) for key in kept)


def test_only_used_squares_with_their_heads_are_learned(request_of):
    request = request_of()
    rows = read_table(request.pictures)
    examples = person_examples(request.pictures, rows, 64)
    assert [example.caption for example in examples] == ["ohwx person, 0", "ohwx person, 1"]
    drawn = render(person(1), scene(0), nuisance(0), side=96).head.astype(np.uint8) * 255
    expected = cv2.resize(drawn, (64, 64), interpolation=cv2.INTER_AREA) >= 128
    assert np.array_equal(examples[0].inside, expected)
    none = [CaptionRow(row.file, use=False, caption="", problem="nobody") for row in rows]
    with pytest.raises(PhotoError, match=r"0 pictures can be used; a person is learned from 1 to 20.*nobody"):
        person_examples(request.pictures, none, 64)


def test_a_card_names_the_lora_and_keeps_its_photos(request_of, tmp_path, identity):
    card = tmp_path / "card.safetensors"
    identity.save(card)
    final = train_person(request_of(card=card), FEW)
    person_now = Identity.load(card)
    lora = person_now.lora
    assert (lora.file, lora.call, lora.family) == ("some-one.safetensors", "ohwx person", "SD1.5")
    assert lora.digest == tensors_digest(load_file(final))
    assert torch.equal(person_now.face_tokens, identity.face_tokens)
    assert person_now.digest == identity.digest
    try:
        use_lora_folders(lambda: (tmp_path / "Lora",))
        assert lora_file(lora) == final
    finally:
        use_lora_folders(tuple)
    assert card_lora(final, "x y").call == "x y"


@pytest.mark.parametrize(
    ("name", "photos", "sdxl", "expected"),
    [
        ("EasyPhoto", 3, False, (600, 128, 64.0, 1e-4, True, 512)),
        ("EasyPhoto", 15, False, (800, 128, 64.0, 1e-4, True, 512)),
        ("EasyPhoto", 15, True, (600, 32, 16.0, 1e-4, False, 1024)),
        ("FaceChain v3", 10, False, (2000, 4, 4.0, 1.5e-4, False, 512)),
    ],
)
def test_published_presets(name, photos, sdxl, expected):
    found = preset_settings(name, photos, sdxl=sdxl)
    assert (found.steps, found.rank, found.layer_alpha, found.rate, found.text_encoder, found.size) == expected
    assert found.save_every == 100
