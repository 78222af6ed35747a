"""Regions: exact inside, nothing outside, several identities that do not touch one another."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.errors import HostError
from facechain_ext.methods.fact import attach
from facechain_ext.methods.fact.region import normalise_masks, token_grid, token_regions
from tests import unets
from tests.methods.fact.reference import published
from tests.methods.fact.test_attach import worst


def cells(region, latent, tokens):
    """A mask [h, w] on the grid of a block, by the plain mean over each cell, flat."""
    side = latent
    while side * side > tokens:
        side //= 2
    cell = region.shape[0] // side
    return region.reshape(side, cell, side, cell).mean((1, 3)).flatten()


@pytest.mark.parametrize("kind", ["half", "soft", "corner", "all"])
def test_a_region_scales_the_published_increment(unet, small, inputs, kind):
    adapter, state, _ = small
    x, t, context, tokens = inputs
    region = torch.zeros(16, 16)
    if kind == "half":
        region[:, :8] = 1
    elif kind == "soft":
        region = torch.linspace(0, 1, 16).expand(16, 16).contiguous()
    elif kind == "corner":
        region[:2, :2] = 1
    else:
        region += 1
    with published(unet, state, tokens, 0.8, lambda n: cells(region, 16, n)):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, strength=0.8, region=region):
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5


def test_a_region_of_another_size_is_brought_to_the_grid(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    small_mask = torch.zeros(16, 16)
    small_mask[4:12, 4:12] = 1
    large_mask = small_mask.repeat_interleave(8, 0).repeat_interleave(8, 1)
    with attach(unet, adapter, tokens, region=small_mask):
        a = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, region=large_mask):
        assert worst(a, unets.run(unet, x, t, context)) < 1e-6


def deltas(unet, adapter, inputs, faces, regions):
    x, t, context, _ = inputs
    seen = {}
    with attach(unet, adapter, faces, region=regions) as attachment:
        attachment.observers.append(lambda site, _x, added: seen.setdefault(site, added.clone()))
        unets.run(unet, x, t, context)
    return seen


def test_exchanging_one_person_changes_nothing_in_the_others_region(unet, small, inputs):
    adapter, _, _ = small
    *_, tokens = inputs
    left, right = torch.zeros(16, 16), torch.zeros(16, 16)
    left[:, :8], right[:, 8:] = 1, 1
    one = deltas(unet, adapter, inputs, [tokens[0], tokens[1]], [left, right])
    two = deltas(unet, adapter, inputs, [tokens[0], tokens[2]], [left, right])
    first = next(iter(one))  # later blocks see what the first ones changed everywhere
    mine = cells(left, 16, one[first].shape[1]) > 0
    assert torch.equal(one[first][:, mine], two[first][:, mine])
    assert not torch.equal(one[first][:, ~mine], two[first][:, ~mine])


def test_two_people_equal_the_sum_of_the_formula(unet, small, inputs):
    adapter, _, _ = small
    *_, tokens = inputs
    left, right = torch.zeros(16, 16), torch.zeros(16, 16)
    left[:, :10], right[:, 6:] = 1, 1  # overlapping: each counts half there
    both = deltas(unet, adapter, inputs, [tokens[0], tokens[1]], [left, right])
    first = next(iter(both))
    alone = [deltas(unet, adapter, inputs, [face], [None])[first] for face in tokens[:2]]
    weights = torch.stack([left, right]) / torch.stack([left, right]).sum(0).clamp(min=1)
    grid = [cells(weight, 16, both[first].shape[1]) for weight in weights]
    expected = sum(part * weight[None, :, None] for part, weight in zip(alone, grid, strict=True))
    assert worst(expected, both[first]) < 1e-5


def test_an_empty_region_equals_no_person(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    bare = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, region=torch.zeros(16, 16)):
        assert torch.equal(bare, unets.run(unet, x, t, context))


@given(st.integers(8, 300), st.integers(8, 300), st.integers(0, 3))
def test_the_grid_of_every_level_is_found(height, width, level):
    size = (height, width)
    for _ in range(level):
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
    assert token_grid((height, width), size[0] * size[1]) == size


def test_a_number_of_tokens_that_fits_no_level_is_refused():
    with pytest.raises(HostError, match="fits no level"):
        token_grid((64, 64), 1000)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_weights_never_add_up_to_more_than_one(values):
    masks = normalise_masks([torch.full((2, 2), value) for value in values], (2, 2))
    total = torch.stack(masks).sum(0)
    assert float(total.max()) <= 1 + 1e-6
    if sum(values) <= 1:
        for mask, value in zip(masks, values, strict=True):
            assert torch.allclose(mask, torch.full((2, 2), value))


def test_only_the_tokens_inside_are_listed():
    mask = torch.zeros(8, 8)
    mask[0, 0] = 1
    (region,) = token_regions([mask], (8, 8), 64, torch.device("cpu"))
    assert region is not None
    assert region.index.tolist() == [0]
