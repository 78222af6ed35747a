"""On top of a LoRA and beside a ControlNet the adapter adds exactly what the formula says."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig

from facechain_ext.methods.fact import attach
from tests import unets
from tests.methods.fact.conftest import make
from tests.methods.fact.reference import published
from tests.methods.fact.test_attach import worst


@pytest.fixture(scope="module")
def unet():
    return unets.diffusers_unet()


@pytest.fixture(scope="module")
def small(unet, tmp_path_factory):
    return make(tmp_path_factory.mktemp("adapter"), unet)


@pytest.fixture
def with_lora(unet):
    """The U-Net with a random LoRA on its attention, taken off again afterwards."""
    torch.manual_seed(9)
    unet.add_adapter(
        LoraConfig(r=4, lora_alpha=4, init_lora_weights=False, target_modules=["to_q", "to_v", "to_out.0"])
    )
    yield unet
    unet.unload_lora()


def residuals(x):
    """What a ControlNet adds: a random map for each of the U-Net's skips, and for its middle."""
    generator = torch.Generator().manual_seed(2)
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64]
    sides = [16, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2]
    down = [torch.randn(len(x), c, s, s, generator=generator) * 0.1 for c, s in zip(widths, sides, strict=True)]
    return down, torch.randn(len(x), 64, 2, 2, generator=generator) * 0.1


def test_on_top_of_a_lora(with_lora, small, inputs):
    adapter, state, _ = small
    x, t, context, tokens = inputs
    lora_alone = unets.run(with_lora, x, t, context)
    with published(with_lora, state, tokens, 0.5):
        expected = unets.run(with_lora, x, t, context)
    with attach(with_lora, adapter, tokens):
        got = unets.run(with_lora, x, t, context)
    assert worst(expected, lora_alone) > 1e-3
    assert worst(expected, got) < 1e-5
    assert torch.equal(lora_alone, unets.run(with_lora, x, t, context))


def test_beside_a_controlnet(unet, small, inputs):
    adapter, state, _ = small
    x, t, context, tokens = inputs
    down, middle = residuals(x)

    def run():
        with torch.no_grad():
            return unet(
                x, t, context, down_block_additional_residuals=tuple(down), mid_block_additional_residual=middle
            ).sample

    control_alone = run()
    with published(unet, state, tokens, 0.5):
        expected = run()
    with attach(unet, adapter, tokens):
        got = run()
    assert worst(control_alone, unets.run(unet, x, t, context)) > 1e-3
    assert worst(expected, control_alone) > 1e-3
    assert worst(expected, got) < 1e-5
    assert torch.equal(control_alone, run())
