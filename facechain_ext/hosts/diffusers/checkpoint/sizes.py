"""Configurations for diffusers and transformers, with every size read off the weights themselves."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    Config = dict[str, Any]

HEAD_WIDTH = 64
"""Channels per attention head of CLIP's text encoders (768 / 12 in CLIP ViT-L/14)."""


Published = Literal["sd15", "sdxl"]
"""Whose published configuration stands for what the weights do not tell."""


@cache
def _published(model: Published = "sd15") -> dict[str, Config]:
    return dict(json.loads((Path(__file__).parent / f"{model}.json").read_text(encoding="utf-8")))


def scheduler_config() -> Config:
    """The noise schedule of SD1.5: 1000 steps, beta from 0.00085 to 0.012, linear in its square root."""
    return dict(_published()["scheduler"])


def unet_config(weights: Mapping[str, Tensor]) -> Config:
    """Configuration of ``UNet2DConditionModel`` for U-Net ``weights`` under single-file names without prefix."""
    widths = [int(weights[f"input_blocks.{1 + 3 * level}.0.out_layers.3.weight"].shape[0]) for level in range(4)]
    return _published()["unet"] | {
        "in_channels": int(weights["input_blocks.0.0.weight"].shape[1]),
        "block_out_channels": widths,
        "cross_attention_dim": int(weights["input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"].shape[1]),
    }


def sdxl_unet_config(weights: Mapping[str, Tensor]) -> Config:
    """Configuration of ``UNet2DConditionModel`` for the U-Net of SDXL, likewise."""
    widths = [int(weights[f"input_blocks.{1 + 3 * level}.0.out_layers.3.weight"].shape[0]) for level in range(3)]
    depths = [1]  # of the first level, which has no transformer
    for level in (1, 2):
        depth = 0
        while f"input_blocks.{1 + 3 * level}.1.transformer_blocks.{depth}.norm1.weight" in weights:
            depth += 1
        depths.append(depth)
    return _published("sdxl")["unet"] | {
        "in_channels": int(weights["input_blocks.0.0.weight"].shape[1]),
        "block_out_channels": widths,
        "transformer_layers_per_block": depths,
        "attention_head_dim": [max(width // HEAD_WIDTH, 1) for width in widths],  # so diffusers calls their number
        "cross_attention_dim": int(weights["input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"].shape[1]),
        "projection_class_embeddings_input_dim": int(weights["label_emb.0.0.weight"].shape[1]),
    }


def controlnet_config(weights: Mapping[str, Tensor]) -> Config:
    """Configuration of ``ControlNetModel`` for ``weights`` under single-file names without prefix."""
    unet = unet_config(weights)
    hint = [int(weights[f"input_hint_block.{index}.weight"].shape[0]) for index in (0, 4, 8, 12)]
    wanted = ("in_channels", "down_block_types", "block_out_channels", "layers_per_block", "cross_attention_dim")
    more = ("attention_head_dim", "norm_num_groups", "act_fn")
    return {name: unet[name] for name in wanted + more} | {"conditioning_embedding_out_channels": hint}


def vae_config(weights: Mapping[str, Tensor], model: Published = "sd15") -> Config:
    """Configuration of ``AutoencoderKL`` for ``weights`` under single-file names without prefix."""
    widths: list[int] = []
    while (name := f"encoder.down.{len(widths)}.block.0.conv1.weight") in weights:
        widths.append(int(weights[name].shape[0]))
    layers = sum(f"encoder.down.0.block.{number}.conv1.weight" in weights for number in range(4))
    return _published(model)["vae"] | {
        "layers_per_block": layers,
        "block_out_channels": widths,
        "down_block_types": ["DownEncoderBlock2D"] * len(widths),
        "up_block_types": ["UpDecoderBlock2D"] * len(widths),
        "latent_channels": int(weights["post_quant_conv.weight"].shape[0]),
    }


def second_text_encoder_config(weights: Mapping[str, Tensor]) -> Config:
    """Configuration of ``CLIPTextModelWithProjection`` for SDXL's second encoder, under the names of transformers."""
    own = text_encoder_config(weights)
    published = _published("sdxl")["text_encoder_2"]
    kept = {name: published[name] for name in ("hidden_act", "pad_token_id")}
    return published | own | kept | {"projection_dim": int(weights["text_projection.weight"].shape[0])}


def text_encoder_config(weights: Mapping[str, Tensor]) -> Config:
    """Configuration of ``CLIPTextModel`` for ``weights`` under single-file names without prefix."""
    words, width = weights["embeddings.token_embedding.weight"].shape
    layers = 0
    while f"encoder.layers.{layers}.mlp.fc1.weight" in weights:
        layers += 1
    return _published()["text_encoder"] | {
        "vocab_size": int(words),
        "hidden_size": int(width),
        "projection_dim": int(width),
        "intermediate_size": int(weights["encoder.layers.0.mlp.fc1.weight"].shape[0]),
        "num_hidden_layers": layers,
        "num_attention_heads": max(int(width) // HEAD_WIDTH, 1),
        "max_position_embeddings": int(weights["embeddings.position_embedding.weight"].shape[0]),
    }
