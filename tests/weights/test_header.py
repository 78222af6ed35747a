"""A file's header says what it is, without its weights."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from facechain_ext.weights.header import SD15_WIDTH, model_facts
from facechain_ext.weights.model_type import CONTROLNET, SD15, detect_model_type

UNET = "model.diffusion_model."


def checkpoint(width, *, sdxl=False):
    state = {
        f"{UNET}input_blocks.0.0.weight": torch.zeros(width, 4, 3, 3),
        f"{UNET}input_blocks.1.1.proj_in.weight": torch.zeros(width, width, 1, 1),
        f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(width, 8),
    }
    return state | ({f"{UNET}label_emb.0.0.weight": torch.zeros(1)} if sdxl else {})


@pytest.mark.parametrize(
    ("state", "kind", "width", "small"),
    [
        (checkpoint(64), SD15, 64, True),
        (checkpoint(SD15_WIDTH), SD15, 320, False),
        (checkpoint(SD15_WIDTH, sdxl=True), "a Stable Diffusion XL checkpoint", 320, False),
        ({"control_model.input_blocks.0.0.weight": torch.zeros(64, 4, 3, 3)}, CONTROLNET, 64, True),
        ({"anything": torch.zeros(3)}, "a file of unknown contents", 0, False),
    ],
)
def test_kind_and_width_are_those_of_the_tensors(tmp_path, state, kind, width, small):
    path = tmp_path / "model.safetensors"
    save_file(state, path)
    facts = model_facts(path)
    assert (facts.kind, facts.width, facts.is_tiny) == (kind, width, small)
    assert facts.kind == detect_model_type(state)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 not safetensors",
        (5).to_bytes(8, "little") + b"[1,2]",
        (10**12).to_bytes(8, "little") + b"{}",
        (len(b'{"a": 3}')).to_bytes(8, "little") + json.dumps({"a": 3}).encode(),
    ],
)
def test_other_files_say_nothing_and_raise_nothing(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert model_facts(path) is None


def test_a_file_that_is_gone_or_replaced_is_not_remembered(tmp_path):
    path = tmp_path / "model.safetensors"
    assert model_facts(path) is None
    save_file(checkpoint(64), path)
    assert model_facts(path).width == 64
    save_file(checkpoint(128), path)
    assert model_facts(path).width == 128
