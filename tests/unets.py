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


SDXL_DEPTHS = (1, 2, 10)
"""Transformer blocks a level as in SDXL, whose first level has none."""


def sdxl_diffusers_unet(*, context: int = CONTEXT, depths: tuple[int, int, int] = SDXL_DEPTHS):
    """A diffusers U-Net with the blocks of SDXL, without its conditioning on sizes."""
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=depths,
        cross_attention_dim=context,
        attention_head_dim=(1, 2, 4),
        use_linear_projection=True,
        norm_num_groups=8,
    ).eval()


def sdxl_sgm_unet(*, context: int = CONTEXT, depths: tuple[int, int, int] = SDXL_DEPTHS):
    """A U-Net with sgm's names and blocks: sgm's own where it is installed, else ldm's with deeper stacks."""
    settings = {
        "in_channels": 4, "out_channels": 4, "model_channels": 32, "attention_resolutions": [4, 2],
        "num_res_blocks": 2, "channel_mult": [1, 2, 4], "num_head_channels": 32, "use_spatial_transformer": True,
        "use_linear_in_transformer": True, "context_dim": context, "use_checkpoint": False, "legacy": False,
    }  # fmt: skip
    torch.manual_seed(0)
    try:
        from sgm.modules.diffusionmodules.openaimodel import UNetModel

        unet = UNetModel(**settings, transformer_depth=list(depths), spatial_transformer_attn_type="softmax").eval()
    except ImportError:
        unet = _deepened(settings, depths).eval()
    for parameter in unet.parameters():  # as in ``ldm_unet``
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    return unet


def _deepened(settings, depths):
    """ldm's U-Net, whose stacks all have one block, with stacks of several; a pair of sizes is a level's."""
    from ldm.modules.attention import SpatialTransformer
    from ldm.modules.diffusionmodules.openaimodel import UNetModel

    class Deep(SpatialTransformer):
        def forward(self, x, context=None):
            return super().forward(x, [context] * len(self.transformer_blocks))  # each block takes one of the list

    unet = UNetModel(image_size=16, **settings, transformer_depth=1)
    depth_of = {settings["model_channels"] * factor: d for factor, d in zip((1, 2, 4), depths, strict=True)}
    for name, module in list(unet.named_modules()):
        if isinstance(module, SpatialTransformer):
            parent, _, own = name.rpartition(".")
            channels, depth = module.in_channels, depth_of[module.in_channels]
            heads = channels // settings["num_head_channels"]
            deep = Deep(
                *(channels, heads, settings["num_head_channels"]),
                depth=depth,
                context_dim=[settings["context_dim"]] * depth,
                use_linear=True,
                use_checkpoint=False,
            )
            setattr(unet.get_submodule(parent), own, deep)
    return unet
