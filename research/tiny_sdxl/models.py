"""The files of the tiny SDXL: checkpoint and PhotoMaker, random, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

from facechain_ext.demo import layout
from facechain_ext.hosts.diffusers.checkpoint import single_file_weights
from facechain_ext.methods.photomaker import PhotoMakerSizes, new_photomaker
from facechain_ext.methods.photomaker.clip_vision import VisionSizes

if TYPE_CHECKING:
    from pathlib import Path

    from diffusers import AutoencoderKL, UNet2DConditionModel
    from torch import Tensor
    from transformers import CLIPTextModelWithProjection

    from facechain_ext.methods.photomaker.model import PhotoMaker

FIRST_WIDTH = layout.WIDTH
"""Width of the first text encoder; SDXL has 768."""
DEPTHS = (1, 2, 10)
"""Transformer blocks a level as in SDXL; the first level has no transformer."""
TIME_WIDTH = 256
"""Width of one number's embedding in SDXL's size conditioning, of which there are six."""
LORA_RANK = 4
"""PhotoMaker's published LoRA has 64."""


@dataclass(frozen=True)
class TinySizes:
    """Channels of every level, transformer blocks a level, and the second text encoder's width and layers.

    The second encoder's defaults are open_clip's ViT-S-32-alt, the smallest that a webui can build by name; SDXL has
    ViT-bigG-14 of width 1280 with 32 layers.
    """

    width: int = 64
    second_width: int = 256
    second_layers: int = 10
    depths: tuple[int, int, int] = DEPTHS


@dataclass(frozen=True)
class TinySdxl:
    """The files of one tiny SDXL."""

    checkpoint: Path
    photomaker: Path


def make_tiny_sdxl(folder: Path, *, seed: int = 0, sizes: TinySizes | None = None) -> TinySdxl:
    """Write the files into ``folder``, in half precision; existing ones are written again."""
    sizes = sizes or TinySizes()
    folder.mkdir(parents=True, exist_ok=True)
    made = TinySdxl(folder / "sdxl-random.safetensors", folder / "photomaker-random.bin")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = _unet(sizes)
        state = single_file_weights(
            unet=unet, vae=_vae(), text_encoder=layout.new_text_encoder(), text_encoder_2=_second_text_encoder(sizes)
        )
        save_file({key: value.half().contiguous() for key, value in state.items()}, made.checkpoint)
        torch.save({"id_encoder": _photomaker(sizes).state_dict(), "lora_weights": _lora(unet)}, made.photomaker)
    return made


def _unet(sizes: TinySizes) -> UNet2DConditionModel:
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(sizes.width,) * 3,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=sizes.depths,
        attention_head_dim=(sizes.width // 64,) * 3,
        cross_attention_dim=FIRST_WIDTH + sizes.second_width,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_WIDTH,
        projection_class_embeddings_input_dim=sizes.second_width + 6 * TIME_WIDTH,
    )
    for name, parameter in unet.named_parameters():  # a random U-Net hardly reads its prompt; this one shall
        if ".attn2." in name and name.endswith("weight"):
            parameter.data.mul_(2.0)
    return unet


def _vae() -> AutoencoderKL:
    vae = layout.new_vae()
    vae.register_to_config(scaling_factor=0.13025)
    return vae


def _second_text_encoder(sizes: TinySizes) -> CLIPTextModelWithProjection:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    width = sizes.second_width
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=49408,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=sizes.second_layers,
            num_attention_heads=width // 64,
            projection_dim=width,
            hidden_act="gelu",
        )
    )


def _photomaker(sizes: TinySizes) -> PhotoMaker:
    vision = VisionSizes(width=128, depth=2, hidden=192, patch=28, patches=64)
    encoder = new_photomaker(PhotoMakerSizes(vision, text=(FIRST_WIDTH, sizes.second_width)))
    for layer in (encoder.visual_projection, encoder.visual_projection_2):  # or every photo would be nearly the same
        layer.weight.data.mul_(8.0)
    return encoder


def _lora(unet: UNet2DConditionModel) -> dict[str, Tensor]:
    """A random LoRA of every attention layer under the published names."""
    tensors: dict[str, Tensor] = {}
    for name, module in unet.named_modules():
        if not name.endswith((".attn1", ".attn2")):
            continue
        for part in ("q", "k", "v", "out"):
            layer = module.to_out[0] if part == "out" else getattr(module, f"to_{part}")
            out, into = layer.weight.shape
            tensors[f"unet.{name}.processor.to_{part}_lora.down.weight"] = torch.randn(LORA_RANK, into) / into**0.5
            tensors[f"unet.{name}.processor.to_{part}_lora.up.weight"] = 0.1 * torch.randn(out, LORA_RANK)
    return tensors
