"""The LoRA of a card as a method: found, checked, applied by the host, alone and beside FACT."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from facechain_ext.errors import HostError, InputError
from facechain_ext.identity import Identity
from facechain_ext.identity.card_lora import CardLora
from facechain_ext.identity.encode import PhotoFact
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.lora.files import tensors_digest
from facechain_ext.methods.lora.method import FactLoraMethod, LoraMethod, PreparedFactLora, PreparedLora
from facechain_ext.methods.registry import choose_method
from facechain_ext.recipes.job import Person
from facechain_ext.weights.folders import use_lora_folders

TENSORS = {"lora_unet_a.lora_down.weight": torch.ones(1, 2), "lora_unet_a.lora_up.weight": torch.ones(2, 1)}


class Model:
    """A host's model of a family, without weights."""

    def __init__(self, family="SD1.5"):
        self.family = family

    def cached(self, kind, key, make):
        return make()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))
    below = tmp_path / "Lora" / "people"
    below.mkdir(parents=True)
    save_file(TENSORS, below / "me.safetensors")
    use_lora_folders(lambda: (tmp_path / "Lora",))
    yield tmp_path / "Lora"
    use_lora_folders(tuple)


@pytest.fixture
def who():
    fact = PhotoFact("a.png", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "finder", "masker")
    aligned = np.zeros((1, 112, 112, 3), np.uint8)
    lora = CardLora("me.safetensors", 0.9, "ohwx person", "SD1.5", tensors_digest(TENSORS))
    tokens, embedding = torch.rand(1, 144, 64), torch.rand(1, 128)
    return Identity(tokens, embedding, aligned, aligned[0], (fact,), (1.0,), "digest", lora=lora)


def test_the_lora_of_the_card_goes_to_the_host_at_its_weight(folder, who):
    prepared = LoraMethod().prepare([Person(who)], {"lora_weight": 0.5}, Model())
    lora = prepared.lora
    assert lora.weight == pytest.approx(0.45)
    assert lora.file == folder / "people" / "me.safetensors"
    assert prepared.settings == {"lora_weight": 0.5}
    assert prepared.notes == ()
    assert lora.with_call("in a park") == "ohwx person, in a park"
    assert lora.with_call("photo of Ohwx person") == "photo of Ohwx person"
    assert lora.with_call("") == "ohwx person"


@pytest.mark.parametrize(
    ("change", "family", "error", "message"),
    [
        ({"lora": None}, "SD1.5", InputError, "has no LoRA. Learn one"),
        ({"file": "gone.safetensors"}, "SD1.5", InputError, "gone.safetensors of this card is in none"),
        ({}, "SDXL", HostError, "was learned on SD1.5, and the loaded checkpoint is SDXL"),
        ({}, "SD2", HostError, "is SD2; a person's LoRA is for"),
    ],
)
def test_what_cannot_be_used_is_said_with_the_next_step(folder, who, change, family, error, message):
    lora = None if "lora" in change else replace(who.lora, **change)
    with pytest.raises(error, match=message):
        LoraMethod().prepare([Person(replace(who, lora=lora))], {}, Model(family))


def test_a_changed_file_and_several_people_are_noted(folder, who):
    save_file({name: value * 2 for name, value in TENSORS.items()}, folder / "people" / "me.safetensors")
    assert "has changed since the card was made" in LoraMethod().prepare([Person(who)], {}, Model()).notes[0]
    several = LoraMethod().prepare([Person(who), Person(who)], {}, Model())
    assert several.lora is None
    assert "with several people none is used" in several.notes[0]


@pytest.mark.parametrize(("strength", "weight"), [(0.0, 1.0), (0.5, 0.0)])
def test_off_is_off(folder, who, strength, weight):
    assert LoraMethod().prepare([Person(who, strength)], {"lora_weight": weight}, Model()).lora is None


def test_both_methods_share_their_settings():
    assert FactLoraMethod().settings == (*FactMethod.settings, *LoraMethod.settings)
    assert {"adapter", "lora_weight"} <= {row.name for row in FactLoraMethod().settings}
    assert choose_method("SD1.5", "fact + lora").name == "FACT + LoRA"
    assert FactLoraMethod().unavailable_reason("SD2")


def test_both_methods_tell_their_notes():
    fact = SimpleNamespace(notes=("The face adapter is untrained.",), settings={"adapter": "a"})
    both = PreparedFactLora(fact, PreparedLora(None, 1.0, ("The LoRA has changed.",)))
    assert both.notes == ("The face adapter is untrained.", "The LoRA has changed.")
