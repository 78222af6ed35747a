"""The average of several steps' LoRAs: the mean of what they do, not of their factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

BEST = 10
"""Pictures that vote (EasyPhoto's train_lora.py)."""


def vote(scores: Mapping[int, Sequence[float]], best: int = BEST) -> dict[int, int]:
    """How many of the ``best`` pictures over all steps each step made; of equal pictures the later step's count."""
    pictures = sorted(((score, step) for step, row in scores.items() for score in row), reverse=True)
    votes: dict[int, int] = {}
    for _, step in pictures[:best]:
        votes[step] = votes.get(step, 0) + 1
    return dict(sorted(votes.items()))


def average_weights(
    weights: Sequence[Sequence[Tensor]], shares: Sequence[float], pairs: Sequence[tuple[int, int]]
) -> list[Tensor]:
    """The weights whose layers do what ``shares`` of the given ``weights`` do on average, as well as the rank allows.

    ``pairs`` are the indices of the factors (down [r, ...], up [..., r]) of each layer. EasyPhoto averages the factors
    themselves, whose product is another one: (A + B)(C + D) has AD and BC in it. Here the product of each layer is the
    best approximation of the mean product of the same rank (Eckart and Young 1936), found without building it.
    """
    total = sum(shares)
    averaged = [tensor.clone() for tensor in weights[0]]
    for down, up in pairs:
        rows = [one[down].flatten(1).double() for one in weights]
        columns = [one[up].flatten(1).double() * (share / total) for one, share in zip(weights, shares, strict=True)]
        first, second = _truncated(torch.cat(columns, 1), torch.cat(rows, 0), rows[0].shape[0])
        averaged[up] = first.reshape(weights[0][up].shape).to(weights[0][up].dtype)
        averaged[down] = second.reshape(weights[0][down].shape).to(weights[0][down].dtype)
    return averaged


def _truncated(left: Tensor, right: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Factors [out, rank] and [rank, in] of the best approximation of ``left @ right``, of equal size each."""
    outer, inner = torch.linalg.qr(left), torch.linalg.qr(right.T)
    u, s, v = torch.linalg.svd(outer.R @ inner.R.T, full_matrices=False)
    kept = min(rank, len(s))
    root = s[:kept].sqrt()
    first, second = outer.Q @ (u[:, :kept] * root), (root[:, None] * v[:kept]) @ inner.Q.T
    if kept < rank:  # fewer numbers than the rank: the rest of the layer is zero
        first = torch.nn.functional.pad(first, (0, rank - kept))
        second = torch.nn.functional.pad(second, (0, 0, 0, rank - kept))
    return first, second
