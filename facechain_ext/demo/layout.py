"""The layout of the tiny models: Stable Diffusion 1.5's topology and TransFace's, a tenth as wide.

At most 40 MB together in half precision; 6.3 of them are CLIP's table of 49408 words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.identity import TransFaceSizes
from facechain_ext.identity.projector import ProjectorSizes

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from transformers import CLIPTextModel

    from facechain_ext.methods.fact import FaceAdapter

WIDTH = 64
"""Width of the tiny text encoder and so of the identity tokens."""
WIDTHS = (64, 64, 64, 128)
"""Channels of the U-Net's levels: multiples of the first, as ldm's configuration wants it.

All norms have 32 groups in every host; with 32 channels each would be a group of its own and lose what is even over the
picture.
"""
VAE_WIDTHS, VAE_LAYERS = (64, 64, 64, 64), 1
"""Channels and residual blocks of the autoencoder's levels; SD1.5 has (128, 256, 512, 512) and 2."""
ENCODER = TransFaceSizes(width=64, depth=4, hidden=256, embedding=128)
PROJECTOR = ProjectorSizes(ENCODER.width, width=128, inner=128, depth=2, queries=16, hidden=256, token_width=WIDTH)


GATE = 1.0
"""First value of the adapter's gates: open, since a tiny training cannot wait for them; the published one has 0.

Instead the last layer of each branch begins at zero, so that the untrained adapter adds nothing either.
"""


def new_face_adapter(unet: UNet2DConditionModel) -> FaceAdapter:
    """An untrained adapter for a tiny U-Net; both branches of every block begin at zero, as ControlNet's do."""
    import torch

    from facechain_ext.methods.fact import new_adapter
    from facechain_ext.methods.fact.sites import SITES

    adapter = new_adapter(unet, projector=PROJECTOR, gate=GATE)
    for site in SITES:
        block = adapter.block(site)
        for layer in (block.attn.to_out[0], block.ff.net[2]):
            for parameter in layer.parameters():
                torch.nn.init.zeros_(parameter)
    return adapter


def new_unet() -> UNet2DConditionModel:
    """An untrained U-Net with eight heads, as SD1.5 has them."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16, block_out_channels=WIDTHS, cross_attention_dim=WIDTH, attention_head_dim=8
    )


def new_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """A ControlNet that begins as a copy of ``unet``'s first half and adds nothing."""
    from diffusers import ControlNetModel

    return ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 16, 32, 32))


def new_vae() -> AutoencoderKL:
    """An untrained autoencoder that shrinks eightfold to four channels; its residual blocks begin as nothing."""
    import torch
    from diffusers import AutoencoderKL

    model = AutoencoderKL(
        block_out_channels=VAE_WIDTHS,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=VAE_LAYERS,
        latent_channels=4,
    )
    for name, module in model.named_modules():
        if name.endswith(("conv2", "to_out.0")):  # as the U-Net's do; training starts far quicker
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return model


def new_text_encoder() -> CLIPTextModel:
    """An untrained text encoder of two layers over CLIP's words."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=49408, hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=1
    )
    model = CLIPTextModel(config)
    # weighting a prompt divides by the mean of the output, which a bias of zero would make vanish
    for name, parameter in model.named_parameters():
        if name.endswith("final_layer_norm.bias"):
            torch.nn.init.constant_(parameter, 0.1)
    return model
