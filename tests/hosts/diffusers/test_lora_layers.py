"""DoRA, LyCORIS and the other kinds of a LoRA's layers, against each formula written again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from facechain_ext.hosts.diffusers.loras import apply_loras
from facechain_ext.recipes.job import Lora
from tests.hosts.diffusers.lora_factors import BLOCK, factors, kohya, layer_of


def dora_by_hand(weight, delta, magnitude, axis):
    """W' = magnitude * (W + BA) / norm, element by element in NumPy; axis 0: one length for each output."""
    merged = (weight + delta).numpy().astype(np.float64)
    made = np.empty_like(merged)
    for index in range(merged.shape[axis]):
        part = (index,) if axis == 0 else (slice(None), index)
        made[part] = magnitude.flatten()[index].item() * merged[part] / np.sqrt((merged[part] ** 2).sum())
    return torch.from_numpy(made).float()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "path", [f"{BLOCK}.ff.net.2", "down_blocks.0.attentions.0.proj_in", "down_blocks.0.resnets.0.conv1"]
)
def test_dora(host, tmp_path, axis, path):
    module = layer_of(host.checkpoint, "unet", path)
    down, up = factors(module, 4, kernel=True)
    before = module.weight.clone()
    shape = [1] * before.ndim
    shape[axis] = before.shape[axis]
    magnitude = torch.rand(shape) + 0.5
    name = kohya(path)
    save_file(
        {
            f"{name}.lora_down.weight": down,
            f"{name}.lora_up.weight": up,
            f"{name}.alpha": torch.tensor(2.0),
            f"{name}.dora_scale": magnitude,
        },
        tmp_path / "a.safetensors",
    )
    delta = 0.5 * (up.flatten(1) @ down.flatten(1)).reshape(before.shape)
    full = dora_by_hand(before, delta, magnitude, axis)
    for strength in (1.0, 0.4):
        with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", strength)]):
            assert torch.allclose(module.weight, before + strength * (full - before), atol=1e-5)


def test_dora_of_peft_has_one_length_for_each_output(host, tmp_path):
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    down, up = factors(module, 4)
    before, magnitude = module.weight.clone(), torch.rand(module.weight.shape[0]) + 0.5
    name = f"unet.{BLOCK}.attn1.to_q"
    save_file(
        {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up, f"{name}.lora_magnitude_vector": magnitude},
        tmp_path / "a.safetensors",
    )
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 1.0)]):
        assert torch.allclose(module.weight, dora_by_hand(before, up @ down, magnitude, 0), atol=1e-5)


def lycoris(module):
    """Tensors of each further kind for a layer, and the change by hand at scale 1."""
    generator = torch.Generator().manual_seed(1)
    out, into = module.weight.shape[:2]

    def new(*shape):
        return torch.randn(*shape, generator=generator) * 0.2

    a, b, c, d = new(out, 3), new(3, into), new(out, 3), new(3, into)
    small, large = new(4, 4), new(out // 4, into // 4)
    first, second = new(out // 4, 2), new(2, into // 4)
    return {
        "LoHa": ({"hada_w1_a": a, "hada_w1_b": b, "hada_w2_a": c, "hada_w2_b": d}, (a @ b) * (c @ d)),
        "LoKr": ({"lokr_w1": small, "lokr_w2": large}, torch.from_numpy(np.kron(small.numpy(), large.numpy()))),
        "LoKr of factors": (
            {"lokr_w1": small, "lokr_w2_a": first, "lokr_w2_b": second},
            torch.from_numpy(np.kron(small.numpy(), (first @ second).numpy())),
        ),
        "a full difference": ({"diff": (all_steps := new(out, into))}, all_steps),
    }


@pytest.mark.parametrize("kind", ["LoHa", "LoKr", "LoKr of factors", "a full difference"])
def test_what_lycoris_adds(host, tmp_path, kind):
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    before = module.weight.clone()
    tensors, delta = lycoris(module)[kind]
    save_file({f"{kohya(BLOCK)}_attn1_to_q.{key}": value for key, value in tensors.items()}, tmp_path / "a.safetensors")
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 0.5)]):
        assert torch.allclose(module.weight, before + 0.5 * delta.reshape(before.shape), atol=1e-6)


def test_norms_biases_and_a_core_between_the_factors(host, tmp_path):
    norm, conv = (
        layer_of(host.checkpoint, "unet", path) for path in (f"{BLOCK}.norm1", "down_blocks.0.resnets.0.conv1")
    )
    down, up = factors(conv, 3)
    core, bias, gain = (
        torch.randn(3, 3, 3, 3) * 0.1,
        torch.randn(conv.weight.shape[0]),
        torch.randn(norm.weight.shape[0]),
    )
    name = kohya("down_blocks.0.resnets.0.conv1")
    state = {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.lora_mid.weight": core}
    state |= {f"{name}.diff_b": bias, f"{kohya(BLOCK)}_norm1.w_norm": gain, f"{kohya(BLOCK)}_norm1.b_norm": gain * 2}
    save_file(state, tmp_path / "a.safetensors")
    before = [value.clone() for value in (conv.weight, conv.bias, norm.weight, norm.bias)]
    delta = torch.zeros_like(conv.weight)
    for y in range(3):
        for x in range(3):
            delta[:, :, y, x] = up.flatten(1) @ core[:, :, y, x] @ down.flatten(1)
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 0.5)]):
        now = [conv.weight, conv.bias, norm.weight, norm.bias]
        for value, old, added in zip(now, before, (delta, bias, gain, gain * 2), strict=True):
            assert torch.allclose(value, old + 0.5 * added, atol=1e-5)
    assert all(map(torch.equal, (conv.weight, conv.bias, norm.weight, norm.bias), before))
