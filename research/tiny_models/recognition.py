"""Training stage of the tiny TransFace and its projector, by a contrastive loss over pairs of pictures."""

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
from research.tiny_models.pictures import to_network_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from research.tiny_models.pictures import RenderedPictures

_NOISE = 0.1
"""Largest standard deviation of noise added to the inputs: generated faces are noisy."""
_TOKEN_NOISE = 0.5
"""Standard deviation of noise on the identity tokens before the trait head; their LayerNorm gives them 1.

Without it their standard deviation over persons was 0.13 of 0.9, which the norms of the blocks hide; with it 0.62.
"""


class RecognitionStage:
    """Trains embeddings that separate persons, and traits (``people.traits``) to be linear in embedding and tokens.

    The published projector was trained on the U-Net's error alone, for 290 000 steps. After a few thousand, a linear
    probe of its tokens explained 0.0034 of the person parameters' variance of 0.0835. It is therefore trained jointly
    with the encoder here.
    """

    def __init__(self, pictures: RenderedPictures) -> None:
        self._pictures = pictures
        self.encoder = TransFace(ENCODER)
        self.projector = Projector(PROJECTOR)
        count = pictures.traits.shape[1]
        self._embedding_head = nn.Linear(ENCODER.embedding, count)
        self._token_head = nn.Linear(PROJECTOR.queries * PROJECTOR.token_width, count)
        self.module: nn.Module = nn.ModuleDict(
            {
                "encoder": self.encoder,
                "projector": self.projector,
                "embedding_head": self._embedding_head,
                "token_head": self._token_head,
            }
        )

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """Contrastive and trait losses of ``batch`` persons with two pictures each."""
        pairs = draw_pairs(len(self._pictures), self._pictures.each, rng, batch)
        faces = to_network_input(np.stack([self._pictures["aligned"][n] for n in pairs.flatten()]))
        level = torch.rand(len(faces), 1, 1, 1, generator=generator) * _NOISE
        tokens, embeddings = self.encoder(faces + level * torch.randn(faces.shape, generator=generator))
        pair_error = pair_loss(*embeddings.chunk(2))
        target = torch.from_numpy(self._pictures.traits_of(pairs.flatten()))
        embedding_error = F.mse_loss(self._embedding_head(embeddings), target)
        identity_tokens = self.projector(tokens)
        identity_tokens = identity_tokens + _TOKEN_NOISE * torch.randn(identity_tokens.shape, generator=generator)
        token_error = F.mse_loss(self._token_head(identity_tokens.flatten(1)), target)
        return {
            "loss": pair_error + 10 * (embedding_error + token_error),
            "pairs": pair_error,
            "embedding_traits": embedding_error,
            "token_traits": token_error,
        }
