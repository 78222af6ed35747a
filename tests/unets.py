"""Small random U-Nets of Stable Diffusion 1.5's topology, one of each family."""

from __future__ import annotations

import torch

CHANNELS = (16, 32, 64, 64)
CONTEXT = 24
HEADS = 2


def diffusers_unet(heads: int = HEADS, *, context: int = CONTEXT, channels: tuple[int, ...] = CHANNELS):
    """A diffusers U-Net with the blocks of SD1.5."""
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=channels,
        layers_per_block=2,
        cross_attention_dim=context,
        attention_head_dim=heads,
        norm_num_groups=8,
    ).eval()


def ldm_unet(heads: int = HEADS, *, context: int = CONTEXT, channels: int = 32):
    """An ldm U-Net with the blocks of SD1.5 (32 is the least that its GroupNorm allows); its last layer is not zero."""
    from ldm.modules.diffusionmodules.openaimodel import UNetModel

    torch.manual_seed(0)
    unet = UNetModel(
        image_size=16,
        in_channels=4,
        out_channels=4,
        model_channels=channels,
        attention_resolutions=[4, 2, 1],
        num_res_blocks=2,
        channel_mult=[1, 2, 4, 4],
        num_heads=heads,
        use_spatial_transformer=True,
        transformer_depth=1,
        context_dim=context,
        use_checkpoint=False,
        legacy=False,
    ).eval()
    for parameter in unet.parameters():  # ldm starts the ends of its blocks at zero, which would hide every change
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    return unet


def run(unet, x, t, context):
    """One prediction of either family."""
    with torch.no_grad():
        if hasattr(unet, "down_blocks"):
            return unet(x, t, context).sample
        return unet(x, t, context=context)
