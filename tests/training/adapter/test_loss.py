"""FAIR against a plain implementation, written token by token."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from facechain_ext.identity.projector import ProjectorSizes
from facechain_ext.methods.fact import attach, new_adapter
from facechain_ext.training.adapter.loss import Fair, LossWeighting, fact_loss, fair_term, outside_face
from tests.unets import CONTEXT, diffusers_unet

SMALL = ProjectorSizes(16, width=16, inner=16, depth=1, queries=4, hidden=32, token_width=CONTEXT)


@pytest.fixture(scope="module")
def unet():
    return diffusers_unet().requires_grad_(requires_grad=False)


def plain_fair(x, increment, mask):
    """The formula in numpy; masks [b, H, W] whose sides are multiples of the grid's."""
    side = round(x.shape[1] ** 0.5)
    rows = []
    for row in range(len(x)):
        added = there = 0.0
        cell = mask.shape[1] // side
        for token in range(x.shape[1]):
            top, left = token // side * cell, token % side * cell
            outside = 1.0 - mask[row, top : top + cell, left : left + cell].mean()
            added += float(((increment[row, token] * outside) ** 2).sum())
            there += float(((x[row, token] * outside) ** 2).sum())
        rows.append((added / there) ** 0.5)
    return np.mean(rows)


def run(unet, adapter, tokens, mask, weight):
    torch.manual_seed(1)
    x, text, noise = torch.randn(2, 4, 8, 8), torch.randn(2, 5, CONTEXT), torch.randn(2, 4, 8, 8)
    seen = []
    with attach(unet, adapter, tokens, strength=1.0) as attachment:
        fair = Fair(mask, (8, 8))
        attachment.observers.append(fair)
        attachment.observers.append(lambda site, x, d: seen.append((x.detach().numpy(), d.detach().numpy())))
        predicted = unet(x, 500, text).sample
        loss = fact_loss(predicted, noise, fair, weight)
        loss.total.backward()
    return loss, predicted, noise, seen


def test_equals_a_plain_implementation_over_all_blocks(unet):
    torch.manual_seed(0)
    adapter = new_adapter(unet, projector=SMALL, gate=0.6)
    mask = torch.zeros(2, 64, 64)
    mask[0, 10:40, 20:50] = 1
    mask[1, 5:30, 7:33] = 1
    loss, predicted, noise, seen = run(unet, adapter, adapter.project(torch.randn(2, 9, 16)), mask, 0.3)
    assert len(seen) == 16
    expected = np.mean([plain_fair(x, d, mask.numpy()) for x, d in seen])
    assert loss.fair.item() == pytest.approx(expected, rel=1e-5)
    mse = float(((predicted.detach() - noise) ** 2).mean())
    assert loss.total.item() == pytest.approx(mse + 0.3 * expected, rel=1e-5)


def test_the_gradient_is_the_slope(unet):
    torch.manual_seed(0)
    adapter = new_adapter(unet, projector=SMALL, gate=0.4)
    gate = adapter.block("mid_block.attentions.0").alpha_attn
    face, mask = torch.randn(1, 9, 16), torch.zeros(2, 8, 8)
    mask[:, 2:5, 2:5] = 1

    def loss():
        return run(unet, adapter, adapter.project(face), mask, 1.0)[0].total.item()

    loss()
    slope, step = gate.grad.item(), 1e-2
    gate.data += step
    above = loss()
    gate.data -= 2 * step
    below = loss()
    assert slope == pytest.approx((above - below) / (2 * step), rel=0.02)


def test_gates_at_zero_have_finite_gradients(unet):
    adapter = new_adapter(unet, projector=SMALL)
    loss, *_ = run(unet, adapter, adapter.project(torch.randn(1, 9, 16)), torch.zeros(2, 8, 8), 1.0)
    assert loss.fair.item() == 0
    assert all(torch.isfinite(p.grad).all() for p in adapter.parameters() if p.grad is not None)


def test_a_face_that_fills_the_picture_costs_nothing():
    x, increment = torch.ones(1, 4, 3), torch.ones(1, 4, 3)
    assert fair_term(x, increment, outside_face(torch.ones(1, 8, 8), (2, 2), 4)).item() == 0


def test_checkpointing_changes_no_gradient():
    gradients = []
    for checkpointing in (False, True):
        unet = diffusers_unet().requires_grad_(requires_grad=False)
        if checkpointing:
            unet.enable_gradient_checkpointing()
            unet.train()
        torch.manual_seed(0)
        adapter = new_adapter(unet, projector=SMALL, gate=0.5)
        tokens = adapter.project(torch.randn(2, 9, 16))
        run(unet, adapter, tokens, torch.zeros(2, 8, 8), 0.5)
        gradients.append([p.grad for p in adapter.parameters()])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


@pytest.mark.parametrize(
    "weighting", [LossWeighting(face=4.0), LossWeighting(velocity=3.0), LossWeighting(0.0, 1.0), LossWeighting()]
)
def test_weighting_equals_a_plain_implementation(weighting):
    rng = np.random.default_rng(0)
    predicted, noise = rng.normal(size=(2, 2, 4, 8, 8))
    mask, signal = np.zeros((2, 64, 64)), np.array([20.0, 0.3])
    mask[0, 8:40, 16:48], mask[1] = 1, 1
    rows = []
    for row in range(2):
        total = weights = 0.0
        for y in range(8):
            for x in range(8):
                inside = mask[row, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8].mean()
                weight = weighting.face * inside + 1 - inside
                total += weight * ((predicted - noise)[row, :, y, x] ** 2).mean()
                weights += weight
        bound = min(1 + 1 / signal[row], weighting.velocity) if weighting.velocity else 1.0
        rows.append(bound * total / max(weights, 1e-12))
    fair = Fair(torch.from_numpy(mask), (8, 8), {"a": torch.tensor([0.5, 0.5])})
    loss = fact_loss(
        torch.from_numpy(predicted),
        torch.from_numpy(noise),
        fair,
        0.1,
        weighting=weighting,
        signal=torch.tensor(signal),
    )
    assert loss.mse.item() == pytest.approx(((predicted - noise) ** 2).mean(), rel=1e-5)
    assert loss.total.item() == pytest.approx(np.mean(rows) + 0.05, rel=1e-5)
