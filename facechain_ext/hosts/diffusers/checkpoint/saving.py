"""Models of diffusers into a single file that the webui loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.hosts.diffusers.checkpoint.names import PREFIXES, Part, single_file_name

if TYPE_CHECKING:
    from diffusers import AutoencoderKL
    from torch import Tensor, nn


def single_file_weights(*, prefixed: bool = True, **parts: nn.Module) -> dict[str, Tensor]:
    """The state dict of a single-file checkpoint made of ``unet``, ``vae``, ``text_encoder`` or ``controlnet``.

    With ``prefixed`` every name begins as in a checkpoint of several parts. Raises KeyError when a model has a weight
    that the layout of SD1.5 does not have.
    """
    weights = {}
    for part, model in parts.items():
        weights.update(_renamed(part, model, prefix=PREFIXES[part] if prefixed else ""))  # type: ignore[arg-type,index]
    return weights


def _vae_levels(vae: AutoencoderKL) -> int:
    return len(vae.config.block_out_channels)


def _renamed(part: Part, model: nn.Module, *, prefix: str) -> dict[str, Tensor]:
    levels = _vae_levels(model) if part == "vae" else 4
    weights = {}
    for name, tensor in model.state_dict().items():
        source = single_file_name(part, name, levels=levels)
        if part == "vae" and ".attn_1." in source and source.endswith("weight") and tensor.ndim == 2:
            tensor = tensor[:, :, None, None]  # noqa: PLW2901 - written as a 1x1 convolution
        weights[prefix + source] = tensor.contiguous().clone()
    return weights
