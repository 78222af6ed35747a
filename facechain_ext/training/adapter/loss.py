"""What the face adapter is trained on: the error of the noise, and FAIR, which keeps it inside the face."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from facechain_ext.methods.fact.region import token_grid

FAIR_WEIGHT = 0.01
"""Lambda of the paper (arXiv 2410.12312)."""
_TINY = 1e-12
"""Least norm that is divided by: where the face fills the picture there is nothing outside, and the term is 0."""


def outside_face(mask: Tensor, latent_size: tuple[int, int], tokens: int) -> Tensor:
    """How much of each token lies outside the face, [b, tokens, 1] in 0..1, for face masks [b, h, w] of any size."""
    grid = token_grid(latent_size, tokens)
    inside = F.interpolate(mask[:, None].float(), grid, mode="area")
    outside: Tensor = (1.0 - inside).flatten(1)[..., None]
    return outside


def fair_term(x: Tensor, increment: Tensor, outside: Tensor) -> Tensor:
    """||increment * outside|| / ||x * outside|| of each row: [b, n, C], [b, n, C] and [b, n, 1] give [b] in float32.

    Gradients flow through both norms, as in the published formula.
    """
    added: Tensor = torch.linalg.vector_norm(increment.float() * outside, dim=(1, 2))
    there: Tensor = torch.linalg.vector_norm(x.float() * outside, dim=(1, 2))
    return added / there.clamp_min(_TINY)


@dataclass
class Fair:
    """An observer of an attachment that gathers FAIR over the blocks of one run of the U-Net.

    ``mask`` [b, h, w] is 1 on the face, at any size; ``latent_size`` the height and width of the latents.
    """

    mask: Tensor
    latent_size: tuple[int, int]
    terms: dict[str, Tensor] = field(default_factory=dict)

    def __call__(self, site: str, x: Tensor, increment: Tensor) -> None:
        """Note one block; one that is run again, as gradient checkpointing does, keeps its first term."""
        outside = outside_face(self.mask.to(x.device), self.latent_size, x.shape[1])
        self.terms.setdefault(site, fair_term(x, increment, outside))

    def value(self) -> Tensor:
        """The mean over blocks and rows; raises ValueError when no block was seen."""
        if not self.terms:
            raise ValueError("No block of the face adapter ran; attach it before the U-Net is called.")
        return torch.stack(list(self.terms.values())).mean()


@dataclass(frozen=True, eq=False)
class Loss:
    """The plain ``mse`` of the noise, ``fair``, and what is descended, ``total``; scalars."""

    total: Tensor
    mse: Tensor
    fair: Tensor


@dataclass(frozen=True)
class LossWeighting:
    """What the error of the noise counts more for; the published training counts everything alike.

    ``face`` is the weight of the face against 1 elsewhere. ``velocity`` weighs a step by 1 + 1 / SNR, as predicting v
    does (arXiv 2202.00512), up to this bound; 0 leaves it. The error of the noise is smallest where there is most
    noise, though it is there that a picture is decided: who is in it, and which colours.
    """

    face: float = 1.0
    velocity: float = 0.0


def fact_loss(
    predicted: Tensor,
    noise: Tensor,
    fair: Fair,
    weight: float = FAIR_WEIGHT,
    *,
    weighting: LossWeighting | None = None,
    signal: Tensor | None = None,
) -> Loss:
    """The error of the noise + ``weight`` * FAIR for the predicted and the true noise [b, 4, h, w], in float32.

    ``signal`` [b] are the rows' signal-to-noise ratios, which an ``weighting`` with ``velocity`` needs.
    """
    error = F.mse_loss(predicted.float(), noise.float(), reduction="none")
    outside = fair.value()
    mse = error.mean()
    wanted = mse if weighting is None else _weighted_error(error, fair.mask.to(error.device), weighting, signal)
    return Loss(wanted + weight * outside if weight else wanted, mse.detach(), outside)


def velocity_weights(signal: Tensor, bound: float) -> Tensor:
    """1 + 1 / SNR for signal-to-noise ratios ``signal``, at most ``bound``."""
    return (1.0 + 1.0 / signal).clamp(max=bound)


def spatial_weights(inside: Tensor, weight: float) -> Tensor:
    """``weight`` where ``inside`` [b, 1, h, w] is 1 and 1 where it is 0, brought to mean 1 over each picture."""
    places = 1.0 + (weight - 1.0) * inside
    return places / places.mean((1, 2, 3), keepdim=True).clamp_min(_TINY)


def _weighted_error(error: Tensor, mask: Tensor, weighting: LossWeighting, signal: Tensor | None) -> Tensor:
    """The mean of ``error`` [b, c, h, w] under weights whose own mean over each picture is 1."""
    height, width = error.shape[-2:]
    inside = F.interpolate(mask[:, None].float(), (height, width), mode="area")
    rows = (error * spatial_weights(inside, weighting.face)).mean((1, 2, 3))
    if weighting.velocity:
        assert signal is not None, "The velocity's weights need the signal-to-noise ratios."
        rows = rows * velocity_weights(signal, weighting.velocity)
    out: Tensor = rows.mean()
    return out
