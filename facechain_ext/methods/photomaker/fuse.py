"""PhotoMaker's own layers: the fuse module of both versions and the second version's Q-former."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facechain_ext.identity.projector import PerceiverResampler

RESAMPLER_HEAD_WIDTH = 128
"""Width of one attention head of the second version's resampler: 16 heads over 2048 (model_v2.py)."""


class _Mlp(nn.Module):
    """LayerNorm, two layers with GELU between, and by choice the input added again."""

    def __init__(self, width_in: int, width_out: int, *, residual: bool) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(width_in)
        self.fc1 = nn.Linear(width_in, width_out)
        self.fc2 = nn.Linear(width_out, width_out)
        self._residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(nn.functional.gelu(self.fc1(self.layernorm(x))))
        return out + x if self._residual else out


class FuseModule(nn.Module):
    """Replaces the embedding t of each copy of the class word: LN(mlp2(mlp1([t, e]) + t)), e an ID embedding."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp1 = _Mlp(2 * width, width, residual=False)
        self.mlp2 = _Mlp(width, width, residual=True)
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, class_embeds: Tensor, id_embeds: Tensor) -> Tensor:
        """Embeddings of the class word's copies [k, width] and ID embeddings [k, width] give [k, width]."""
        mixed = self.mlp1(torch.cat([class_embeds, id_embeds], dim=-1)) + class_embeds
        out: Tensor = self.layer_norm(self.mlp2(mixed))
        return out


class QFormer(nn.Module):
    """Turns a recognition embedding and CLIP's hidden states of a photo into its ID embeddings."""

    def __init__(
        self, face_width: int, width: int, tokens: int, *, token_hidden: int, image_width: int, depth: int, hidden: int
    ) -> None:
        super().__init__()
        self._tokens = tokens
        self.token_proj = nn.Sequential(
            nn.Linear(face_width, token_hidden), nn.GELU(), nn.Linear(token_hidden, width * tokens)
        )
        self.token_norm = nn.LayerNorm(width)
        self.perceiver_resampler = PerceiverResampler(
            image_width, width, width, depth, hidden, width, RESAMPLER_HEAD_WIDTH
        )

    def forward(self, faces: Tensor, image: Tensor) -> Tensor:
        """Faces [n, face_width], not normalised, and hidden states [n, t, image_width] give [n, tokens, width]."""
        queries = self.token_norm(self.token_proj(faces).view(len(faces), self._tokens, -1))
        out: Tensor = queries + self.perceiver_resampler.resample(queries, image)
        return out
