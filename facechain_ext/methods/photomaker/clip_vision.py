"""CLIP's vision transformer with the key names of transformers, in plain torch: every host has another transformers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facechain_ext.identity.projector import HEAD_WIDTH, head_count, merge_heads, split_heads
from facechain_ext.weights.state_dict_spec import SizeReader

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class VisionSizes:
    """Sizes of the transformer; the defaults are those of ViT-L/14 at 224 pixels, which PhotoMaker was tuned from."""

    width: int = 1024
    depth: int = 24
    hidden: int = 4096
    patch: int = 14
    patches: int = 256

    @property
    def side(self) -> int:
        """Side of the picture in pixels."""
        return self.patch * math.isqrt(self.patches)

    @staticmethod
    def of(state: Mapping[str, Tensor], *, prefix: str, what: str, source: str) -> VisionSizes:
        """Read the sizes off the keys of a state dict that begin with ``prefix``; raises WeightsError without them."""
        reader = SizeReader(state, what, source, prefix)
        patch = reader.tensor("embeddings.patch_embedding.weight", 4)
        positions = reader.tensor("embeddings.position_embedding.weight", 2)
        up = reader.tensor("encoder.layers.0.mlp.fc1.weight", 2)
        depth = reader.depth("encoder.layers.")
        return VisionSizes(patch.shape[0], depth, up.shape[0], patch.shape[2], positions.shape[0] - 1)


class _Embeddings(nn.Module):
    """Patches, a class token before them, and learned positions."""

    def __init__(self, sizes: VisionSizes) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.randn(sizes.width) / sizes.width**0.5)
        self.patch_embedding = nn.Conv2d(3, sizes.width, sizes.patch, stride=sizes.patch, bias=False)
        self.position_embedding = nn.Embedding(sizes.patches + 1, sizes.width)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(pixels), 1, -1)
        out: Tensor = torch.cat([first, patches], dim=1) + self.position_embedding.weight
        return out


class _SelfAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = head_count(width, HEAD_WIDTH)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (split_heads(proj(x), self.heads) for proj in (self.q_proj, self.k_proj, self.v_proj))
        out: Tensor = self.out_proj(merge_heads(F.scaled_dot_product_attention(query, key, value)))
        return out


class _FeedForward(nn.Module):
    """Two layers with CLIP's approximation of GELU, x * sigmoid(1.702 x)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.fc1(x)
        out: Tensor = self.fc2(hidden * torch.sigmoid(1.702 * hidden))
        return out


class _Layer(nn.Module):
    def __init__(self, sizes: VisionSizes) -> None:
        super().__init__()
        self.self_attn = _SelfAttention(sizes.width)
        self.layer_norm1 = nn.LayerNorm(sizes.width)
        self.mlp = _FeedForward(sizes.width, sizes.hidden)
        self.layer_norm2 = nn.LayerNorm(sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        out: Tensor = x + self.mlp(self.layer_norm2(x))
        return out


class _Encoder(nn.Module):
    def __init__(self, sizes: VisionSizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(sizes) for _ in range(sizes.depth))


class ClipVision(nn.Module):
    """The vision transformer of CLIP."""

    def __init__(self, sizes: VisionSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.embeddings = _Embeddings(sizes)
        self.pre_layrnorm = nn.LayerNorm(sizes.width)  # spelled so in every published file
        self.encoder = _Encoder(sizes)
        self.post_layernorm = nn.LayerNorm(sizes.width)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The last hidden states [n, patches + 1, width] and the pooled class token [n, width] of n pictures.

        ``pixels`` [n, 3, side, side] are normalised as CLIP's. Only the pooled token has passed the final LayerNorm.
        """
        hidden = self.pre_layrnorm(self.embeddings(pixels))
        for layer in self.encoder.layers:
            hidden = layer(hidden)
        return hidden, self.post_layernorm(hidden[:, 0])
