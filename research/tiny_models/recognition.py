"""The small TransFace and its projector: they learn who is who from pairs of pictures of endless people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from facechain_ext.demo.layout import ENCODER, PROJECTOR
from facechain_ext.identity import TransFace
from facechain_ext.identity.projector import Projector
from facechain_ext.training.pairs import draw_pairs, pair_loss
from research.tiny_models.pictures import to_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from research.tiny_models.pictures import RenderedPictures

_NOISE = 0.1
"""Largest noise that pictures get: generated faces are not clean."""
_TOKEN_NOISE = 0.5
"""Noise on the identity tokens before they are read, where 1 is what their LayerNorm gives them.

Without it they were told apart by a seventh of their size (0.13 over persons, of 0.9), which a block's own norms then
hide; with it by 0.62.
"""


class RecognitionStage:
    """Tells people apart, and reads their traits (see ``world.traits``) off the embedding and off the identity tokens.

    The published projector learned from the U-Net's error alone, in 290 000 steps. In a few thousand it had learned
    next to nothing: of the numbers' variance, 0.0835, a linear reading of its tokens explained 0.0034. So it begins
    beside the encoder here, and the encoder's tokens become such as it can read.
    """

    def __init__(self, pictures: RenderedPictures) -> None:
        self._pictures = pictures
        self.encoder = TransFace(ENCODER)
        self.projector = Projector(PROJECTOR)
        count = pictures.traits.shape[1]
        self._numbers = nn.Linear(ENCODER.embedding, count)
        self._told = nn.Linear(PROJECTOR.queries * PROJECTOR.token_width, count)
        self.module: nn.Module = nn.ModuleDict(
            {"encoder": self.encoder, "projector": self.projector, "numbers": self._numbers, "told": self._told}
        )

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """``batch`` people, two pictures each."""
        pairs = draw_pairs(len(self._pictures), self._pictures.each, rng, batch)
        faces = to_model(np.stack([self._pictures["aligned"][n] for n in pairs.flatten()]))
        level = torch.rand(len(faces), 1, 1, 1, generator=generator) * _NOISE
        tokens, embeddings = self.encoder(faces + level * torch.randn(faces.shape, generator=generator))
        pair = pair_loss(*embeddings.chunk(2))
        wanted = torch.from_numpy(self._pictures.traits_of(pairs.flatten()))
        numbers = F.mse_loss(self._numbers(embeddings), wanted)
        said = self.projector(tokens)
        said = said + _TOKEN_NOISE * torch.randn(said.shape, generator=generator)
        told = F.mse_loss(self._told(said.flatten(1)), wanted)
        return {"loss": pair + 10 * (numbers + told), "pairs": pair, "numbers": numbers, "told": told}
