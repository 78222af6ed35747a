"""Random factors of LoRA layers, and the layers that they go to."""

from __future__ import annotations

import torch

BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"
TE = "encoder.layers.0.self_attn"


def layer_of(checkpoint, part, path):
    model = checkpoint.unet if part == "unet" else checkpoint.text_encoder
    modules = dict(model.named_modules())
    return modules.get(path) or modules[f"text_model.{path}"]


def factors(module, rank, seed=0, kernel=False):
    """down [rank, in, ...] and up [out, rank, ...] that fit a module."""
    generator = torch.Generator().manual_seed(seed)
    out, into, *window = module.weight.shape
    down = torch.randn(rank, into, *(window if kernel else [1] * len(window)), generator=generator) * 0.1
    return down, torch.randn(out, rank, *([1] * len(window)), generator=generator) * 0.1


def kohya(path):
    return "lora_unet_" + path.replace(".", "_")
