"""The projector, a Perceiver resampler: encoder tokens of a face to identity tokens for the U-Net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facechain_ext.weights.state_dict_spec import SizeReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.weights.state_dict_spec import Shape

HEAD_WIDTH = 64
"""Width of one attention head in every published projector and encoder."""


def head_count(width: int, head_width: int = HEAD_WIDTH) -> int:
    """Number of heads of ``head_width`` in ``width``; 1 when the width is not divisible."""
    return width // head_width if width % head_width == 0 else 1


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[b, n, heads * d] -> [b, heads, n, d], without a copy."""
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[b, heads, n, d] -> [b, n, heads * d]."""
    batch, heads, tokens, width = x.shape
    return x.transpose(1, 2).reshape(batch, tokens, heads * width)


@dataclass(frozen=True)
class ProjectorSizes:
    """Sizes of a projector; the defaults are those of the published file."""

    face_width: int = 512
    width: int = 1024
    inner: int = 768
    depth: int = 4
    queries: int = 16
    hidden: int = 4096
    token_width: int = 768

    @staticmethod
    def of(state: Mapping[str, Tensor], *, prefix: str = "", what: str, source: str) -> ProjectorSizes:
        """Read the sizes off the keys of a state dict that begin with ``prefix``.

        Raises WeightsError when a key they are read from is missing.
        """
        reader = SizeReader(state, what, source, prefix)
        latents, proj_in = reader.tensor("latents", 3), reader.tensor("proj_in.weight", 2)
        return ProjectorSizes(
            face_width=proj_in.shape[1],
            width=proj_in.shape[0],
            inner=reader.tensor("layers.0.0.to_q.weight", 2).shape[0],
            depth=reader.depth("layers."),
            queries=latents.shape[1],
            hidden=reader.tensor("layers.0.1.1.weight", 2).shape[0],
            token_width=reader.tensor("proj_out.weight", 2).shape[0],
        )

    def layout(self) -> dict[str, Shape]:
        """Key -> shape of every tensor of a projector of these sizes."""
        w, i, h = self.width, self.inner, self.hidden
        keys: dict[str, Shape] = {
            "latents": (1, self.queries, w),
            "proj_in.weight": (w, self.face_width),
            "proj_in.bias": (w,),
            "proj_out.weight": (self.token_width, w),
            "proj_out.bias": (self.token_width,),
            "norm_out.weight": (self.token_width,),
            "norm_out.bias": (self.token_width,),
        }
        for n in range(self.depth):
            p = f"layers.{n}"
            keys |= {f"{p}.0.{norm}.{part}": (w,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
            keys |= {f"{p}.0.to_q.weight": (i, w), f"{p}.0.to_kv.weight": (2 * i, w), f"{p}.0.to_out.weight": (w, i)}
            keys |= {
                f"{p}.1.0.weight": (w,),
                f"{p}.1.0.bias": (w,),
                f"{p}.1.1.weight": (h, w),
                f"{p}.1.3.weight": (w, h),
            }
        return keys


class PerceiverAttention(nn.Module):
    """Attention of the queries to the face tokens and to themselves."""

    def __init__(self, width: int, inner: int, head_width: int = HEAD_WIDTH) -> None:
        super().__init__()
        self.heads = head_count(inner, head_width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, face: Tensor, queries: Tensor) -> Tensor:
        """``face`` [n, t, width] and ``queries`` [n, q, width] give the residual of the queries, [n, q, width]."""
        face, queries = self.norm1(face), self.norm2(queries)
        q = split_heads(self.to_q(queries), self.heads)
        key, value = self.to_kv(torch.cat([face, queries], dim=1)).chunk(2, dim=-1)
        attended = F.scaled_dot_product_attention(q, split_heads(key, self.heads), split_heads(value, self.heads))
        out: Tensor = self.to_out(merge_heads(attended))
        return out


class PerceiverResampler(nn.Module):
    """Perceiver resampler with the key names of the published files: queries read the projected features, per layer."""

    def __init__(
        self, features: int, width: int, inner: int, depth: int, hidden: int, output: int, head_width: int = HEAD_WIDTH
    ) -> None:
        super().__init__()
        self.proj_in = nn.Linear(features, width)
        self.proj_out = nn.Linear(width, output)
        self.norm_out = nn.LayerNorm(output)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [
                    PerceiverAttention(width, inner, head_width),
                    nn.Sequential(
                        nn.LayerNorm(width),
                        nn.Linear(width, hidden, bias=False),
                        nn.GELU(),
                        nn.Linear(hidden, width, bias=False),
                    ),
                ]
            )
            for _ in range(depth)
        )

    def resample(self, queries: Tensor, features: Tensor) -> Tensor:
        """``queries`` [n, q, width] and ``features`` [n, t, features] give tokens [n, q, output]."""
        features = self.proj_in(features)
        for layer in self.layers:
            attention, feed_forward = cast("nn.ModuleList", layer)
            queries = attention(features, queries) + queries
            queries = feed_forward(queries) + queries
        tokens: Tensor = self.norm_out(self.proj_out(queries))
        return tokens


class Projector(PerceiverResampler):
    """The resampler of FACT, whose queries are learned (prefix ``local_fac_prj.`` of its keys removed)."""

    def __init__(self, sizes: ProjectorSizes) -> None:
        latents = torch.randn(1, sizes.queries, sizes.width) / sizes.width**0.5
        super().__init__(sizes.face_width, sizes.width, sizes.inner, sizes.depth, sizes.hidden, sizes.token_width)
        self.sizes = sizes
        self.latents = nn.Parameter(latents)

    def forward(self, face_tokens: Tensor) -> Tensor:
        """Encoder tokens [n, 144, face_width] -> identity tokens [n, queries, token_width]."""
        return self.resample(self.latents.expand(len(face_tokens), -1, -1), face_tokens)
