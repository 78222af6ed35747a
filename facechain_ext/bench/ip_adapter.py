"""IP-Adapter as diffusers runs it, for comparison: what users would take instead of FACT on SD1.5."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffusers import UNet2DConditionModel
    from torch import Tensor

TOKENS = 16
"""Tokens of a picture in IP-Adapter Plus and Plus Face (ip-adapter-plus_sd15)."""
_PATCHES, _PATCH_WIDTH = 257, 1280
"""What its picture encoder, CLIP ViT-H/14, gives: patches and their width."""


def image_embeds(unet: UNet2DConditionModel, rows: int) -> dict[str, object]:
    """The further arguments of diffusers' U-Net that a picture adds: a picture's patches for each of ``rows``."""
    patches = torch.randn(rows, 1, _PATCHES, _PATCH_WIDTH, device=unet.device, dtype=unet.dtype)
    return {"added_cond_kwargs": {"image_embeds": [patches]}}


@contextmanager
def with_ip_adapter(unet: UNet2DConditionModel, width: int) -> Iterator[None]:
    """Have diffusers' IP-Adapter Plus, with random weights and tokens of ``width``, in ``unet`` inside the block.

    Its resampler runs in each step, as it does in diffusers' pipelines.
    """
    from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
    from diffusers.models.embeddings import IPAdapterPlusImageProjection, MultiIPAdapterImageProjection

    before = dict(unet.attn_processors), unet.encoder_hid_proj, unet.config.encoder_hid_dim_type
    processors: dict[str, object] = dict(before[0])
    heads = max(width // 64, 1)
    with torch.device(unet.device):
        for name in (name for name in processors if name.endswith("attn2.processor")):
            channels = _channels(unet.get_submodule(name.removesuffix(".processor")))
            processors[name] = IPAdapterAttnProcessor2_0(channels, width, num_tokens=(TOKENS,)).to(unet.dtype)
        resampler = IPAdapterPlusImageProjection(
            embed_dims=_PATCH_WIDTH, output_dims=width, hidden_dims=width, heads=heads, num_queries=TOKENS
        ).to(unet.dtype)
    unet.set_attn_processor(processors)
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([resampler])
    unet.config.encoder_hid_dim_type = "ip_image_proj"
    try:
        yield
    finally:
        unet.encoder_hid_proj = before[1]  # first: the resampler's attention counts among the U-Net's
        unet.set_attn_processor(before[0])
        unet.config.encoder_hid_dim_type = before[2]


def _channels(attention: torch.nn.Module) -> int:
    weight: Tensor = attention.to_q.weight  # type: ignore[union-attr,assignment]
    return weight.shape[0]
