"""Let a face adapter act in a U-Net that you run yourself: python examples/own_unet.py me.jpg --unet FOLDER."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from facechain_ext import Identity, TransFace, attach, load_adapter

if TYPE_CHECKING:
    from torch import Tensor

TINY = Path(__file__).resolve().parents[1] / "models" / "small"


def untrained_unet() -> Any:
    """A U-Net with the blocks of Stable Diffusion 1.5 and the widths of the tiny adapter."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16, block_out_channels=(64, 64, 64, 128), cross_attention_dim=64, attention_head_dim=8
    ).eval()


def main(arguments: list[str] | None = None) -> tuple[float, float]:
    """Predict once without, with and without the face; gives the largest changes of the latter two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--unet", help="a folder or a repository of diffusers that holds an SD1.5 U-Net")
    parser.add_argument("--adapter", type=Path, default=TINY / "adapter.safetensors")
    parser.add_argument("--encoder", type=Path, default=TINY / "encoder.safetensors", help="TransFace-S")
    given = parser.parse_args(arguments)
    if given.unet:
        from diffusers import UNet2DConditionModel

        unet = UNet2DConditionModel.from_pretrained(given.unet).eval()
    else:
        unet = untrained_unet()

    adapter = load_adapter(given.adapter)
    face = Identity.from_photos(given.photo, TransFace.from_file(given.encoder)).conditioning(adapter)
    generator = torch.Generator().manual_seed(0)
    side, width = unet.config.sample_size, unet.config.cross_attention_dim
    latent = torch.randn(2, 4, side, side, generator=generator)  # guidance: the unconditional row first
    text = torch.randn(2, 77, width, generator=generator)  # in place of a text encoder's output

    def predict() -> Tensor:
        with torch.no_grad():
            noise: Tensor = unet(latent, torch.tensor(500), text).sample
        return noise

    before = predict()
    with attach(unet, adapter, face.tokens, null_tokens=face.null_tokens, strength=0.5) as attachment:
        attachment.set_rows([False, True])  # which rows are conditional
        changed = float((predict() - before).abs().max())
    left = float((predict() - before).abs().max())
    print(f"largest change with the face: {changed:.4f}, after it was taken off: {left:.4f}")
    return changed, left


if __name__ == "__main__":
    main()
