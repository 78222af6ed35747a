"""The average of LoRAs is that of their products."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facechain_ext.training.lora.average import average_weights, vote


def layer(seed, rank, out=12, wide=9):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rank, wide, generator=generator), torch.randn(out, rank, generator=generator)]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_the_product_is_the_best_of_its_rank_to_the_mean_product(rank, shares):
    weights = [layer(seed, rank) for seed in range(len(shares))]
    down, up = average_weights(weights, shares, [(0, 1)])
    assert (down.shape, up.shape) == ((rank, 9), (12, rank))
    mean = sum(share * one[1] @ one[0] for share, one in zip(shares, weights, strict=True)) / sum(shares)
    u, s, v = torch.linalg.svd(mean.double(), full_matrices=False)
    best = (u[:, :rank] * s[:rank]) @ v[:rank]
    assert torch.allclose((up @ down).double(), best, atol=1e-4)


def test_the_average_of_one_lora_does_what_it_does():
    one = [torch.randn(2, 5, 1, 1), torch.randn(7, 2, 1, 1)]  # factors of a convolution
    down, up = average_weights([one, one], [1, 3], [(0, 1)])
    assert (down.shape, up.shape) == (one[0].shape, one[1].shape)
    assert torch.allclose(up.flatten(1) @ down.flatten(1), one[1].flatten(1) @ one[0].flatten(1), atol=1e-5)


def test_a_rank_above_the_layers_size_is_filled_with_zeros():
    weights = [layer(seed, 6, out=4, wide=3) for seed in range(2)]
    down, up = average_weights(weights, [1, 1], [(0, 1)])
    assert (down.shape, up.shape) == ((6, 3), (4, 6))
    mean = sum(one[1] @ one[0] for one in weights) / 2
    assert torch.allclose(up @ down, mean, atol=1e-5)


@pytest.mark.parametrize(
    ("scores", "best", "votes"),
    [
        ({100: [0.1, 0.9], 200: [0.5, 0.8]}, 2, {100: 1, 200: 1}),
        ({100: [0.1, 0.2], 200: [0.5, 0.8]}, 2, {200: 2}),
        ({100: [0.5], 200: [0.5], 300: [0.5]}, 2, {200: 1, 300: 1}),
        ({100: [0.3, 0.4]}, 10, {100: 2}),
    ],
)
def test_the_best_pictures_vote(scores, best, votes):
    assert vote(scores, best) == votes
