"""Projections are kept for as long as they are what the adapter would give."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.identity import clear_encoded_photos
from facechain_ext.identity.projection_cache import project_cached
from facechain_ext.identity.projector import Projector, ProjectorSizes

SIZES = ProjectorSizes(face_width=8, width=16, inner=16, depth=1, queries=2, hidden=16, token_width=12)


class Adapter(torch.nn.Module):
    """Counts what it is asked for."""

    def __init__(self):
        super().__init__()
        self.projector = Projector(SIZES)
        self.asked = 0

    def project(self, tokens):
        self.asked += 1
        return self.projector(tokens)


@pytest.fixture
def adapter():
    torch.manual_seed(0)
    return Adapter()


def test_the_same_tokens_are_projected_once(adapter):
    one, other = torch.randn(2, 9, 8), torch.randn(2, 9, 8)
    first = project_cached(adapter, one)
    assert torch.equal(project_cached(adapter, one.clone()), first)
    assert adapter.asked == 1
    assert not torch.equal(project_cached(adapter, other), first)
    assert not torch.equal(project_cached(adapter, one[:1].repeat(2, 1, 1)), first)
    assert adapter.asked == 3
    assert not first.requires_grad


def test_two_adapters_are_not_mixed_up(adapter):
    tokens = torch.randn(1, 9, 8)
    torch.manual_seed(1)
    assert not torch.equal(project_cached(adapter, tokens), project_cached(Adapter(), tokens))


@pytest.mark.parametrize("way", ["in place", "exchanged", "forgotten"])
def test_changed_weights_are_projected_again(adapter, way):
    tokens = torch.randn(1, 9, 8)
    before = project_cached(adapter, tokens)
    weight = adapter.projector.proj_in.weight
    if way == "in place":
        with torch.no_grad():
            weight.mul_(2)
    elif way == "exchanged":
        weight.data = weight.data * 2
    else:
        clear_encoded_photos()
    after = project_cached(adapter, tokens)
    assert adapter.asked == 2
    assert torch.equal(before, after) == (way == "forgotten")


def test_projectors_that_are_no_modules_are_not_cached():
    class Plain:
        asked = 0

        def project(self, tokens):
            self.asked += 1
            return tokens

    plain, tokens = Plain(), torch.randn(1, 9, 8)
    project_cached(plain, tokens)
    project_cached(plain, tokens)
    assert plain.asked == 2


@pytest.mark.parametrize("first", [True, False])
def test_the_cache_serves_inside_and_outside_of_inference_mode(adapter, first):
    with torch.inference_mode(mode=first):
        tokens = torch.randn(1, 9, 8)
        made = project_cached(adapter, tokens)
    with torch.inference_mode(mode=not first):
        again = project_cached(adapter, tokens.clone())
    assert again is made
    assert adapter.asked == 1
    scale = torch.ones(1, requires_grad=True)
    (made * scale).sum().backward()
    assert scale.grad is not None


def test_weights_without_a_version_counter_are_not_cached():
    torch.manual_seed(0)
    with torch.inference_mode():
        fixed = Adapter()
    tokens = torch.randn(1, 9, 8)
    first = project_cached(fixed, tokens)
    with torch.inference_mode():
        fixed.projector.proj_in.weight.mul_(2)
    assert not torch.equal(project_cached(fixed, tokens), first)
