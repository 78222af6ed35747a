"""The names that one weight has in diffusers and in a single-file checkpoint (the layout of CompVis' ldm)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Part = Literal["unet", "controlnet", "vae", "text_encoder", "text_encoder_2"]
"""A model that a single-file checkpoint can hold."""

PREFIXES: dict[Part, str] = {
    "unet": "model.diffusion_model.",
    "controlnet": "control_model.",
    "vae": "first_stage_model.",
    "text_encoder": "cond_stage_model.transformer.text_model.",
}
"""What stands before every name of a part in a checkpoint of SD1.5 that holds several."""

SDXL_PREFIXES: dict[Part, str] = PREFIXES | {
    "text_encoder": "conditioner.embedders.0.transformer.text_model.",
    "text_encoder_2": "conditioner.embedders.1.model.",
}
"""The same in a checkpoint of SDXL, whose second text encoder has the names of open_clip."""

SD15_LEVELS, SDXL_LEVELS = 4, 3
"""Resolutions of the U-Nets."""

LAYERS_PER_BLOCK = 2
"""Residual layers per resolution in the U-Nets of SD1.x and SDXL; with the resampling layer each level has one more."""

_LEVEL = LAYERS_PER_BLOCK + 1

_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}

_Rule = tuple[re.Pattern[str], "Callable[[re.Match[str]], str]"]


def _rule(pattern: str, name: Callable[[re.Match[str]], str]) -> _Rule:
    return re.compile(pattern), name


def _resnet(place: str, layer: str) -> str:
    return f"{place}.0.{_UNET_RESNET[layer]}"


def _up(block: int, layer: int) -> str:
    return f"output_blocks.{_LEVEL * block + layer}"


def _down(block: int, layer: int) -> str:
    return f"input_blocks.{_LEVEL * block + layer + 1}"


_UNET: tuple[_Rule, ...] = (
    _rule(r"add_embedding\.linear_([12])", lambda m: f"label_emb.0.{2 * (int(m[1]) - 1)}"),
    _rule(r"time_embedding\.linear_([12])", lambda m: f"time_embed.{2 * (int(m[1]) - 1)}"),
    _rule(r"conv_in", lambda _: "input_blocks.0.0"),
    _rule(r"conv_norm_out", lambda _: "out.0"),
    _rule(r"conv_out", lambda _: "out.2"),
    _rule(r"down_blocks\.(\d+)\.resnets\.(\d+)\.(\w+)", lambda m: _resnet(_down(int(m[1]), int(m[2])), m[3])),
    _rule(r"down_blocks\.(\d+)\.attentions\.(\d+)\.(.+)", lambda m: f"{_down(int(m[1]), int(m[2]))}.1.{m[3]}"),
    _rule(r"down_blocks\.(\d+)\.downsamplers\.0\.conv", lambda m: f"{_down(int(m[1]), LAYERS_PER_BLOCK)}.0.op"),
    _rule(r"mid_block\.resnets\.([01])\.(\w+)", lambda m: f"middle_block.{2 * int(m[1])}.{_UNET_RESNET[m[2]]}"),
    _rule(r"mid_block\.attentions\.0\.(.+)", lambda m: f"middle_block.1.{m[1]}"),
    _rule(r"up_blocks\.(\d+)\.resnets\.(\d+)\.(\w+)", lambda m: _resnet(_up(int(m[1]), int(m[2])), m[3])),
    _rule(r"up_blocks\.(\d+)\.attentions\.(\d+)\.(.+)", lambda m: f"{_up(int(m[1]), int(m[2]))}.1.{m[3]}"),
)


def _unet_rules(levels: int) -> tuple[_Rule, ...]:
    """In SD1.5, of four ``levels``, the first up block has no attention, so its upsampler moves up by one."""

    def upsampler(block: str) -> str:
        return f"{_up(int(block), LAYERS_PER_BLOCK)}.{1 if block == '0' and levels == SD15_LEVELS else 2}.conv"

    return (_rule(r"up_blocks\.(\d+)\.upsamplers\.0\.conv", lambda m: upsampler(m[1])), *_UNET)


_CONTROLNET: tuple[_Rule, ...] = (
    _rule(r"controlnet_down_blocks\.(\d+)", lambda m: f"zero_convs.{m[1]}.0"),
    _rule(r"controlnet_mid_block", lambda _: "middle_block_out.0"),
    _rule(r"controlnet_cond_embedding\.conv_in", lambda _: "input_hint_block.0"),
    _rule(r"controlnet_cond_embedding\.blocks\.(\d+)", lambda m: f"input_hint_block.{2 * int(m[1]) + 2}"),
    _rule(r"controlnet_cond_embedding\.conv_out", lambda _: "input_hint_block.14"),
    *_UNET,
)


def _vae_layer(rest: str) -> str:
    return rest.replace("conv_shortcut", "nin_shortcut")


def _vae_rules(levels: int) -> tuple[_Rule, ...]:
    """``levels`` is needed because the decoder counts its levels downwards in the single file."""

    def up(block: str) -> int:
        return levels - 1 - int(block)

    return (
        _rule(r"(post_)?quant_conv", lambda m: m[0]),
        _rule(r"(encoder|decoder)\.conv_(in|out)", lambda m: m[0]),
        _rule(r"(encoder|decoder)\.conv_norm_out", lambda m: f"{m[1]}.norm_out"),
        _rule(
            r"encoder\.down_blocks\.(\d+)\.resnets\.(\d+)\.(.+)",
            lambda m: f"encoder.down.{m[1]}.block.{m[2]}.{_vae_layer(m[3])}",
        ),
        _rule(r"encoder\.down_blocks\.(\d+)\.downsamplers\.0\.conv", lambda m: f"encoder.down.{m[1]}.downsample.conv"),
        _rule(
            r"decoder\.up_blocks\.(\d+)\.resnets\.(\d+)\.(.+)",
            lambda m: f"decoder.up.{up(m[1])}.block.{m[2]}.{_vae_layer(m[3])}",
        ),
        _rule(r"decoder\.up_blocks\.(\d+)\.upsamplers\.0\.conv", lambda m: f"decoder.up.{up(m[1])}.upsample.conv"),
        _rule(
            r"(encoder|decoder)\.mid_block\.resnets\.([01])\.(.+)",
            lambda m: f"{m[1]}.mid.block_{int(m[2]) + 1}.{_vae_layer(m[3])}",
        ),
        _rule(
            r"(encoder|decoder)\.mid_block\.attentions\.0\.(.+)",
            lambda m: f"{m[1]}.mid.attn_1.{_VAE_ATTENTION[m[2]]}",
        ),
    )


def single_file_name(part: Part, name: str, *, levels: int = 4) -> str:
    """The name, without the part's prefix, that a parameter of a diffusers or transformers model has in a single file.

    ``levels`` is the number of resolutions of the VAE or of the U-Net (4 in SD1.5, 3 in SDXL's U-Net). Raises KeyError
    for a name that the layout does not have, as the second text encoder's, which ``open_clip`` translates.
    """
    if part == "text_encoder":  # transformers before 5 keeps one more level of names
        return name.removeprefix("text_model.")
    module, _, leaf = name.rpartition(".")
    rules = {
        "unet": _unet_rules(levels),
        "controlnet": _CONTROLNET,
        "vae": _vae_rules(levels),
        "text_encoder_2": (),
    }[part]
    for pattern, rename in rules:
        match = pattern.fullmatch(module)
        if match:
            return f"{rename(match)}.{leaf}"
    raise KeyError(name)
