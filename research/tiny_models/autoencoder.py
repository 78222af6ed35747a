"""Training stage of the tiny autoencoder, and the rescaling of its latents to the variance that SD1.5 expects."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from facechain_ext.demo.layout import new_vae
from research.tiny_models.pictures import to_network_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffusers import AutoencoderKL
    from diffusers.models.resnet import ResnetBlock2D
    from torch import Tensor

    from research.tiny_models.identity_losses import FaceReconstructionLoss
    from research.tiny_models.pictures import RenderedPictures

_COLOUR, _EDGES, _MAGNITUDE = 4.0, 0.5, 1e-3
"""Weights of the losses on colour (learned last under plain L1), on differences between neighbouring pixels (for sharp
edges without a discriminator) and on the latents' mean square (keeps them from growing).
"""
_ANCHOR = 1.0
"""Weight of the squared distance to the initial latents, in their standard deviations: a tenth costs 0.01."""
_OPPONENT = torch.tensor([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])
"""RGB to luma and two colour differences (ITU-R BT.601)."""
_FACE = 4.0
"""Weight of pixels of the face, which is a small part of a picture, against 1 elsewhere."""
_HALVED_SHARE = 0.1
"""Share of batches whose latents are downscaled by 2 and decoded to the downscaled picture (EQ-VAE, arXiv 2502.09509).

Latents that scale with the picture are smoother, and a U-Net learns them sooner.
"""
_IDENTITY_WEIGHT = 0.5
"""Weight of the face reconstruction loss: with it the eval net retrieved 76.5 of 100 reconstructions, without it 67."""
_NOISE = 0.1
"""Noise on the latents in training, in their own standard deviations, which makes the decoder tolerate small errors.

A learned variance, as in SD1.5, starts at 1 and hides the picture.
"""


class AutoencoderStage:
    """Trains the autoencoder on whole rendered pictures.

    Residual blocks at full resolution keep their zero initialisation and are bypassed: they cost more than half of the
    time, and flat renderings gain nothing from them. Crops do not work: many are one flat colour, which the group norms
    (two channels a group here) divide out. A trained ``vae`` is trained further with an anchor on its initial latents,
    which the U-Net was trained on.
    """

    def __init__(
        self, pictures: RenderedPictures, face_loss: FaceReconstructionLoss, vae: AutoencoderKL | None = None
    ) -> None:
        self._pictures, self._face_loss = pictures, face_loss
        self._vae: AutoencoderKL = new_vae() if vae is None else vae
        self._initial = None if vae is None else copy.deepcopy(vae).requires_grad_(requires_grad=False)
        self.module: nn.Module = self._vae.requires_grad_(requires_grad=True)
        for block in [*self._vae.encoder.down_blocks[0].resnets, *self._vae.decoder.up_blocks[-1].resnets]:
            if not block.conv2.weight.any():
                _bypass(block)

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """L1 of luma, colour and edges, the face reconstruction loss, and the latents' mean square.

        For a trained ``vae``, the distance to its initial latents instead of their mean square.
        """
        rows = rng.integers(len(self._pictures), size=batch)
        pixels = target = to_network_input(np.stack([self._pictures["pixels"][n] for n in rows]))
        faces = torch.from_numpy(np.stack([self._pictures["masks"][n] for n in rows])).float() / 255
        with torch.autocast("cpu", torch.bfloat16):
            means = self._vae.encode(pixels).latent_dist.mean.float()
            spread = means.std((0, 2, 3), keepdim=True).detach()
            latents = means + _NOISE * spread * torch.randn(means.shape, generator=generator)
            if rng.random() < _HALVED_SHARE:
                latents, target, faces = (F.avg_pool2d(values, 2) for values in (latents, target, faces))
            reconstruction = self._vae.decode(latents).sample.float()
        luma, *colours = torch.einsum("ij,bjhw->ibhw", _OPPONENT, reconstruction - target)
        colour = F.avg_pool2d(torch.stack(colours, 1), 4).abs().mean()
        edges = sum(luma.diff(dim=axis).abs().mean() for axis in (1, 2))
        weights = 1 + (_FACE - 1) * faces
        loss = (weights * luma.abs()).sum() / weights.sum() + _COLOUR * colour + _EDGES * edges
        identity_error = self._face_loss.reconstruction_loss(reconstruction, rows)
        loss = loss + _IDENTITY_WEIGHT * identity_error
        losses = {"pixel": F.l1_loss(reconstruction, target), "colour": colour, "identity": identity_error}
        if self._initial is None:
            return {"loss": loss + _MAGNITUDE * means.square().mean(), **losses}
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            initial = self._initial.encode(pixels).latent_dist.mean.float()
        latent_shift = ((means - initial) / spread).square().mean()
        return {"loss": loss + _ANCHOR * latent_shift, **losses, "latent_shift": latent_shift}


def _bypass(block: ResnetBlock2D) -> None:
    """Freeze a residual block and let it return its input."""
    block.requires_grad_(requires_grad=False)
    block.forward = lambda hidden, *_args, **_kwargs: hidden


@torch.no_grad()
def encode_latents(
    vae: AutoencoderKL, pictures: RenderedPictures, on_progress: Callable[[int, int], None] = lambda _d, _t: None
) -> np.ndarray:
    """The latent means of all pictures, float16 [n, 4, side/8, side/8], without the scaling factor."""
    batches = []
    for first in range(0, len(pictures), 64):
        pixels = to_network_input(np.asarray(pictures["pixels"][first : first + 64]))
        with torch.autocast("cpu", torch.bfloat16):
            means = vae.encode(pixels).latent_dist.mean
        batches.append(means.float().numpy().astype(np.float16))
        on_progress(min(first + 64, len(pictures)), len(pictures))
    return np.concatenate(batches)


@torch.no_grad()
def normalise_latents(vae: AutoencoderKL, latents: np.ndarray) -> None:
    """Change the two 1x1 convolutions so that each scaled latent channel has mean 0 and variance 1.

    Reconstructions do not change; the predicted standard deviation becomes _NOISE. ``latents`` [n, 4, h, w] are a
    sample of the means, without the scaling factor.
    """
    values = torch.from_numpy(latents.astype(np.float32))
    centre = values.mean((0, 2, 3))
    scale = values.std((0, 2, 3)) * vae.config.scaling_factor
    count = len(centre)
    encoder_conv, decoder_conv = vae.quant_conv, vae.post_quant_conv
    encoder_conv.weight[:count] /= scale[:, None, None, None]
    encoder_conv.bias[:count] = (encoder_conv.bias[:count] - centre) / scale
    encoder_conv.weight[count:] = 0
    encoder_conv.bias[count:] = 2 * math.log(_NOISE / vae.config.scaling_factor)
    decoder_conv.bias += (decoder_conv.weight[:, :, 0, 0] * centre).sum(1)
    decoder_conv.weight *= scale[None, :, None, None]
