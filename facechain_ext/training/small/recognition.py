"""The small TransFace: learns who is who from pairs of pictures of endless people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from facechain_ext.identity import TransFace
from facechain_ext.standalone.small.layout import ENCODER
from facechain_ext.training.small.autoencoder import to_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from facechain_ext.training.small.pictures import DrawnSet

SHARPNESS = 16.0
"""Factor of the cosines in the softmax over pairs (a temperature of 1/16; CLIP, arXiv 2103.00020, begins at 1/0.07)."""
_NOISE = 0.1
"""Largest noise that pictures get: generated faces are not clean."""


def pair_loss(one: Tensor, other: Tensor) -> Tensor:
    """Cross-entropy of finding one's own row among the others [n, d], both ways (InfoNCE, arXiv 1807.03748)."""
    cosines = SHARPNESS * F.normalize(one, dim=1) @ F.normalize(other, dim=1).T
    own = torch.arange(len(one))
    return (F.cross_entropy(cosines, own) + F.cross_entropy(cosines.T, own)) / 2


def draw_pairs(pictures: DrawnSet, rng: np.random.Generator, persons: int) -> np.ndarray:
    """Numbers [2, persons] of two pictures each of different people."""
    who = rng.choice(len(pictures) // pictures.each, size=persons, replace=False)
    which = np.stack([rng.permutation(pictures.each)[:2] for _ in range(persons)], 1)
    pairs: np.ndarray = who * pictures.each + which
    return pairs


class RecognitionStage:
    """Tells people apart, and reads off the numbers that drew them, which keeps every feature in the tokens."""

    def __init__(self, pictures: DrawnSet) -> None:
        self._pictures = pictures
        self.encoder = TransFace(ENCODER)
        self._numbers = nn.Linear(ENCODER.embedding, pictures["numbers"].shape[1])
        self.module: nn.Module = nn.ModuleDict({"encoder": self.encoder, "numbers": self._numbers})

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """``batch`` people, two pictures each."""
        pairs = draw_pairs(self._pictures, rng, batch)
        faces = to_model(np.stack([self._pictures["aligned"][n] for n in pairs.flatten()]))
        level = torch.rand(len(faces), 1, 1, 1, generator=generator) * _NOISE
        _, embeddings = self.encoder(faces + level * torch.randn(faces.shape, generator=generator))
        pair = pair_loss(*embeddings.chunk(2))
        wanted = torch.from_numpy(np.stack([self._pictures["numbers"][n] for n in pairs.flatten()]))
        numbers = F.mse_loss(self._numbers(embeddings), wanted)
        return {"loss": pair + 10 * numbers, "pairs": pair, "numbers": numbers}
