"""The small autoencoder: learned on whole pictures, and its latents brought to the scale that SD1.5 expects."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from facechain_ext.demo.layout import new_vae
from research.tiny_models.pictures import to_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from research.tiny_models.likeness import Likeness
    from research.tiny_models.pictures import RenderedPictures

_COLOUR, _EDGES, _SIZE = 4.0, 0.5, 1e-3
"""Weights of the losses on colour, which plain L1 leaves for last, on differences between neighbours, which keeps edges
sharp without a second network, and on the latents' mean square, which keeps them from growing.
"""
_ANCHOR = 1.0
"""Of the latents' squared distance from where they were, in their standard deviations: a tenth costs 0.01."""
_OPPONENT = torch.tensor([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])
"""RGB to luma and two colour differences (ITU-R BT.601)."""
_FACE = 4.0
"""Weight of the face's pixels: eyes and mouth are few of a picture's."""
_SMALLER = 0.1
"""Share of batches whose latents are halved and must give the halved picture (EQ-VAE, arXiv 2502.09509).

Latents that shrink with their picture are smoother, and a U-Net learns them sooner.
"""
_MISSED = 0.5
"""Weight of what the face encoder misses: a judge then knew 76.5 of 100 copies again, where it had known 67."""
_NOISE = 0.1
"""Noise on the latents in training, in their own standard deviations.

The decoder then forgives a U-Net its small errors. A learned one, as in SD1.5, begins at 1 and drowns the picture.
"""


class AutoencoderStage:
    """Reconstructs the drawn pictures, whole ones.

    The residual blocks at the pictures' own size stay the nothing that they begin as, and are left out: they take more
    than half of the time, and flat drawings do not want them. On crops, many of which are one flat colour, nothing was
    learned about colours: the norms' groups have two channels here, and divide a colour by itself where there is no
    other beside it. A finished ``vae`` learns on with its latents held near what they were, since a U-Net knows those.
    """

    def __init__(self, pictures: RenderedPictures, likeness: Likeness, vae: Any = None) -> None:
        self._pictures, self._likeness = pictures, likeness
        self._vae: Any = new_vae() if vae is None else vae
        self._before = None if vae is None else copy.deepcopy(vae).requires_grad_(requires_grad=False)
        self.module: nn.Module = self._vae.requires_grad_(requires_grad=True)
        for block in [*self._vae.encoder.down_blocks[0].resnets, *self._vae.decoder.up_blocks[-1].resnets]:
            if not block.conv2.weight.any():
                _leave_out(block)

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """L1 of luma, colour and edges, what the face encoder misses, and the size of the latents.

        Of a finished one's latents their distance from what they were.
        """
        rows = rng.integers(len(self._pictures), size=batch)
        whole = wanted = to_model(np.stack([self._pictures["pixels"][n] for n in rows]))
        faces = torch.from_numpy(np.stack([self._pictures["masks"][n] for n in rows])).float() / 255
        with torch.autocast("cpu", torch.bfloat16):
            means = self._vae.encode(whole).latent_dist.mean.float()
            spread = means.std((0, 2, 3), keepdim=True).detach()
            latents = means + _NOISE * spread * torch.randn(means.shape, generator=generator)
            if rng.random() < _SMALLER:
                latents, wanted, faces = (F.avg_pool2d(values, 2) for values in (latents, wanted, faces))
            found = self._vae.decode(latents).sample.float()
        luma, *colours = torch.einsum("ij,bjhw->ibhw", _OPPONENT, found - wanted)
        colour = F.avg_pool2d(torch.stack(colours, 1), 4).abs().mean()
        edges = sum(luma.diff(dim=axis).abs().mean() for axis in (1, 2))
        weights = 1 + (_FACE - 1) * faces
        loss = (weights * luma.abs()).sum() / weights.sum() + _COLOUR * colour + _EDGES * edges
        lost = self._likeness.lost(found, rows)
        loss = loss + _MISSED * lost
        losses = {"pixel": F.l1_loss(found, wanted), "colour": colour, "lost": lost}
        if self._before is None:
            return {"loss": loss + _SIZE * means.square().mean(), **losses}
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            before = self._before.encode(whole).latent_dist.mean.float()
        moved = ((means - before) / spread).square().mean()
        return {"loss": loss + _ANCHOR * moved, **losses, "moved": moved}


def _leave_out(block: Any) -> None:
    """Let a residual block that adds nothing cost nothing, and keep it so."""
    block.requires_grad_(requires_grad=False)
    block.forward = lambda hidden, *_others, **_more: hidden


@torch.no_grad()
def encode_all(
    vae: Any, pictures: RenderedPictures, say: Callable[[int, int], None] = lambda _d, _t: None
) -> np.ndarray:
    """The means of all pictures' latents, float16 [n, 4, side/8, side/8], without the scaling factor."""
    parts = []
    for first in range(0, len(pictures), 64):
        pixels = to_model(np.asarray(pictures["pixels"][first : first + 64]))
        with torch.autocast("cpu", torch.bfloat16):
            means = vae.encode(pixels).latent_dist.mean
        parts.append(means.float().numpy().astype(np.float16))
        say(min(first + 64, len(pictures)), len(pictures))
    return np.concatenate(parts)


@torch.no_grad()
def normalise(vae: Any, latents: np.ndarray) -> None:
    """Give every channel of the latents mean 0 and, times SD1.5's factor, variance 1, by the two 1x1 convolutions.

    Reconstructions stay what they were; the standard deviation of a latent becomes that of the training's noise.
    ``latents`` [n, 4, h, w] are a sample of the means.
    """
    values = torch.from_numpy(latents.astype(np.float32))
    centre = values.mean((0, 2, 3))
    scale = values.std((0, 2, 3)) * vae.config.scaling_factor
    count = len(centre)
    into, out = vae.quant_conv, vae.post_quant_conv
    into.weight[:count] /= scale[:, None, None, None]
    into.bias[:count] = (into.bias[:count] - centre) / scale
    into.weight[count:] = 0
    into.bias[count:] = 2 * math.log(_NOISE / vae.config.scaling_factor)
    out.bias += (out.weight[:, :, 0, 0] * centre).sum(1)
    out.weight *= scale[None, :, None, None]
