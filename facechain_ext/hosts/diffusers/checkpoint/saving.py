"""Models of diffusers into a single file that the webui loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from facechain_ext.hosts.diffusers.checkpoint.names import (
    PREFIXES,
    SD15_LEVELS,
    SDXL_LEVELS,
    SDXL_PREFIXES,
    Part,
    single_file_name,
)
from facechain_ext.hosts.diffusers.checkpoint.open_clip import to_open_clip

if TYPE_CHECKING:
    from diffusers import AutoencoderKL
    from torch import Tensor, nn


def single_file_weights(*, prefixed: bool = True, **parts: nn.Module) -> dict[str, Tensor]:
    """The state dict of a single-file checkpoint made of ``unet``, ``vae``, ``text_encoder`` or ``controlnet``.

    With a ``text_encoder_2`` it is one of SDXL. With ``prefixed`` every name begins as in a checkpoint of several
    parts. Raises KeyError when a model has a weight that the layout does not have.
    """
    sdxl = "text_encoder_2" in parts
    prefixes = SDXL_PREFIXES if sdxl else PREFIXES
    weights = {}
    for name, model in parts.items():
        part: Part = name  # type: ignore[assignment]
        prefix = prefixes[part] if prefixed else ""
        if part == "text_encoder_2":
            renamed = to_open_clip(model.state_dict())
            weights.update({prefix + key: tensor.contiguous().clone() for key, tensor in renamed.items()})
            continue
        levels = SDXL_LEVELS if sdxl else SD15_LEVELS
        if part == "vae":
            levels = len(cast("AutoencoderKL", model).config.block_out_channels)
        weights.update(_renamed(part, model, prefix=prefix, levels=levels))
    return weights


def _renamed(part: Part, model: nn.Module, *, prefix: str, levels: int) -> dict[str, Tensor]:
    weights = {}
    for name, tensor in model.state_dict().items():
        source = single_file_name(part, name, levels=levels)
        if part == "vae" and ".attn_1." in source and source.endswith("weight") and tensor.ndim == 2:
            weights[prefix + source] = tensor[:, :, None, None].contiguous().clone()  # as a 1x1 convolution
        else:
            weights[prefix + source] = tensor.contiguous().clone()
    return weights
