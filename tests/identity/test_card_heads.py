"""The pictures of head and shoulders on a card, which SDXL's method reads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.identity import Identity
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from tests.people import someone


def rewritten(path, change):
    """The card with other tensors, as another program could have written it."""
    with safe_open(path, framework="pt") as file:
        keys, metadata = file.keys(), dict(file.metadata())
        tensors = {key: file.get_tensor(key) for key in keys}
    change(tensors)
    save_file(tensors, path, metadata=metadata)
    return path


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "Eileen.safetensors"
    someone(2).save(path)
    return path


def test_they_come_back_as_they_were(card):
    assert np.array_equal(Identity.load(card).heads, someone(2).heads)
    assert PhotoMakerMethod().unusable_reason(Identity.load(card)) == ""


def test_cards_of_earlier_versions_have_none_and_are_read(card):
    read = Identity.load(rewritten(card, lambda tensors: tensors.pop("heads")))
    assert read.heads is None
    assert "again from the photos" in PhotoMakerMethod().unusable_reason(read)
    mix = Identity.mix([(read, 1.0), (someone(seed=1), 1.0)])
    assert mix.heads is None


@pytest.mark.parametrize(
    "heads",
    [torch.zeros(2, 8, 8, 3), torch.zeros(2, 8, 3, dtype=torch.uint8), torch.zeros(3, 8, 8, 3, dtype=torch.uint8)],
    ids=["floats", "no pictures", "one too many"],
)
def test_damaged_ones_are_refused(card, heads):
    with pytest.raises((WeightsError, InputError), match="damaged"):
        Identity.load(rewritten(card, lambda tensors: tensors.update(heads=heads)))


def test_a_mix_has_those_of_everybody():
    mix = Identity.mix([(someone(2), 1.0), (someone(1, seed=3), 1.0)])
    assert mix.heads.shape == (3, 224, 224, 3)
