"""A LoRA of SDXL: the same trainer on a tiny model of the real layout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.loras import apply_loras
from facechain_ext.recipes.job import Lora
from facechain_ext.training.lora.loop import write_lora
from facechain_ext.training.lora.trainer import Example, LoraTrainer
from facechain_ext.training.person.card import card_lora
from facechain_ext.training_runs.settings import LoraRequest, LoraSettings
from research.tiny_sdxl import TinySizes, make_tiny_sdxl

SETTINGS = LoraSettings(steps=2, rank=2, size=64, rate=1e-2, batch=2, checkpointing=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_tiny_sdxl(tmp_path_factory.mktemp("sdxl"), sizes=TinySizes(second_width=64, second_layers=2))


def trainer(files, tmp_path, settings=SETTINGS):
    request = LoraRequest(files.checkpoint, tmp_path, "x", "ohwx", tmp_path / "work")
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    return LoraTrainer(request, settings, [Example(pixels, "ohwx person"), Example(pixels[::-1], "ohwx person, red")])


def test_it_learns_and_the_file_acts_in_diffusers(files, tmp_path):
    training = trainer(files, tmp_path)
    training.encode()
    losses = [training.update() for _ in range(SETTINGS.steps)]
    assert all(np.isfinite(loss) for loss in losses)
    final = tmp_path / "me.safetensors"
    write_lora(training, final, lambda _event: True)
    assert all(key.startswith("lora_unet_") for key in load_file(final))
    with safe_open(final, framework="pt") as file:
        assert file.metadata()["ss_base_model_version"].startswith("sdxl")
    assert card_lora(final, "ohwx person").family == "SDXL"
    checkpoint = load_checkpoint(files.checkpoint, sdxl=True)
    weight = checkpoint.unet.mid_block.attentions[0].proj_in.weight
    before = weight.detach().clone()
    with apply_loras(checkpoint, [Lora(str(final), 1.0)]):
        assert not torch.equal(checkpoint.unet.mid_block.attentions[0].proj_in.weight, before)


def test_its_text_encoders_are_refused(files, tmp_path):
    with pytest.raises(HostError, match="text encoders of SDXL are not trained"):
        trainer(files, tmp_path, LoraSettings(size=64, text_encoder=True))
