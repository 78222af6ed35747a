"""The small TransFace: learns who is who from pairs of pictures of endless people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from facechain_ext.identity import TransFace
from facechain_ext.standalone.small.layout import ENCODER
from facechain_ext.training.pairs import draw_pairs, pair_loss
from facechain_ext.training.small.autoencoder import to_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from facechain_ext.training.small.pictures import DrawnSet

_NOISE = 0.1
"""Largest noise that pictures get: generated faces are not clean."""


class RecognitionStage:
    """Tells people apart, and reads off the numbers that drew them, which keeps every feature in the tokens."""

    def __init__(self, pictures: DrawnSet) -> None:
        self._pictures = pictures
        self.encoder = TransFace(ENCODER)
        self._numbers = nn.Linear(ENCODER.embedding, pictures["numbers"].shape[1])
        self.module: nn.Module = nn.ModuleDict({"encoder": self.encoder, "numbers": self._numbers})

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """``batch`` people, two pictures each."""
        pairs = draw_pairs(len(self._pictures), self._pictures.each, rng, batch)
        faces = to_model(np.stack([self._pictures["aligned"][n] for n in pairs.flatten()]))
        level = torch.rand(len(faces), 1, 1, 1, generator=generator) * _NOISE
        _, embeddings = self.encoder(faces + level * torch.randn(faces.shape, generator=generator))
        pair = pair_loss(*embeddings.chunk(2))
        wanted = torch.from_numpy(np.stack([self._pictures["numbers"][n] for n in pairs.flatten()]))
        numbers = F.mse_loss(self._numbers(embeddings), wanted)
        return {"loss": pair + 10 * numbers, "pairs": pair, "numbers": numbers}
