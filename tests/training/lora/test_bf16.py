"""Training in bfloat16: the loss is that of float32 but for rounding, weights stay in float32, previews are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from facechain_ext.training.lora.trainer import Example, LoraTrainer
from facechain_ext.training_runs.settings import LoraRequest, LoraSettings
from research.tiny_sdxl import TinySizes, make_tiny_sdxl

SETTINGS = LoraSettings(rank=2, size=64, rate=1e-2, batch=3)
SIZES = TinySizes(second_width=64, second_layers=2)


def trainer(checkpoint, work, settings):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    examples = [Example(pixels, "ohwx person"), Example(pixels[::-1], "ohwx person, red")]
    return LoraTrainer(LoraRequest(checkpoint, work, "x", "ohwx", work), settings, examples)


@pytest.mark.parametrize("family", ["SD1.5", "SDXL"])
def test_bf16_learns_as_float32_does_but_for_rounding(family, models, tmp_path):
    sdxl = family == "SDXL"
    checkpoint = make_tiny_sdxl(tmp_path / "sdxl", sizes=SIZES).checkpoint if sdxl else models.checkpoint
    losses = []
    for precision in ("no", "bf16"):
        training = trainer(checkpoint, tmp_path / precision, replace(SETTINGS, precision=precision))
        training.encode()
        losses.append([training.update() for _ in range(2)])
        weights = training.layers.weights()
        assert all(one.dtype == torch.float32 for one in weights)
    # bfloat16 keeps 8 bits of a number: 2**-8 is 0.4 %, and the errors of many layers add
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1] != losses[0]
    if sdxl:  # twenty steps more, which draw as those of SD1.5 do
        return
    with Image.open(training.preview("ohwx person")) as picture:
        assert picture.size == (64, 64)
