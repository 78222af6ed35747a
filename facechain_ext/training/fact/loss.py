"""What the face adapter is trained on: the error of the noise, and FAIR, which keeps it inside the face."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from facechain_ext.adapter.region import token_grid

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
    """``mse`` of the noise, ``fair``, and their weighted sum ``total``; scalars."""

    total: Tensor
    mse: Tensor
    fair: Tensor


def fact_loss(predicted: Tensor, noise: Tensor, fair: Fair, weight: float = FAIR_WEIGHT) -> Loss:
    """MSE + ``weight`` * FAIR for the predicted and the true noise [b, 4, h, w], the MSE in float32."""
    mse = F.mse_loss(predicted.float(), noise.float())
    outside = fair.value()
    return Loss(mse + weight * outside if weight else mse, mse, outside)
