"""The figures on made-up verdicts, the eval net on people it knows, and the baseline."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from facechain_ext.faces.alignment import ARCFACE_POINTS
from facechain_ext.identity.projector import ProjectorSizes
from research.evaluate.eval_net import attribute_indices, face_crops, predict, to_eval_net, train_eval_net
from research.evaluate.measure import caption_accuracy, change_outside, retrieval, spread
from research.evaluate.parallel import ParallelAdapter, attach_parallel
from research.evaluate.rendered import RenderedPeople
from tests.unets import CONTEXT, diffusers_unet, run


def test_retrieval_counts_the_nearest():
    gallery = torch.eye(3)
    found = torch.nn.functional.normalize(torch.tensor([[1.0, 0.1, 0], [0.9, 1.0, 0], [1.0, 0, 0.2]]), dim=1)
    share, cosine = retrieval(found, gallery, [0, 1, 2])
    assert share == pytest.approx(2 / 3)
    assert cosine == pytest.approx(np.mean([1 / 1.01**0.5, 1 / 1.81**0.5, 0.2 / 1.04**0.5]), rel=1e-5)


def test_change_counts_outside_the_widened_box_only():
    before, after = np.zeros((1, 10, 10, 3), np.uint8), np.zeros((1, 10, 10, 3), np.uint8)
    after[0, 3:8, 3:8] = 255
    assert change_outside(before, after, torch.tensor([[0.35, 0.35, 0.75, 0.75]])) == 0
    after[0, 0, 0] = 255
    rows = slice(int((0.35 - 0.08) * 10), int((0.75 + 0.08) * 10))
    left = 100 - (rows.stop - rows.start) ** 2
    assert change_outside(before, after, torch.tensor([[0.35, 0.35, 0.75, 0.75]])) == pytest.approx(1 / left)
    assert change_outside(before, after, torch.tensor([[0.0, 0.0, 1.0, 1.0]])) == 0


def test_spread_is_within_persons():
    assert spread(torch.tensor([1.0, 3.0, 100.0, 100.0]), [0, 0, 1, 1]) == pytest.approx(2**0.5 / 2)
    assert spread(torch.tensor([1.0, 2.0]), [0, 1]) == 0


@pytest.mark.parametrize(("turn", "scale", "shift"), [(0.0, 0.5, (0, 0)), (0.4, 0.35, (9, -6)), (-1.2, 0.6, (-4, 8))])
def test_crops_bring_the_landmarks_of_any_face_to_the_encoders_places(turn, scale, shift):
    side = 96
    wanted = (ARCFACE_POINTS / 112 - 0.5) / 1.5 + 0.5  # the crop shows half as much again as the encoder sees
    rotated = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    landmarks = (wanted - 0.5) @ rotated.T * scale * side + side / 2 + np.array(shift)
    pixels = np.zeros((side, side, 3), np.uint8)
    for x, y in landmarks:
        cv2.circle(pixels, (round(x * 16), round(y * 16)), 24, (255, 255, 255), -1, cv2.LINE_AA, 4)
    crop = face_crops(to_eval_net(pixels[None]), torch.from_numpy(landmarks / side)[None].float())
    bright = crop[0, 0].numpy() > 0
    _, _, _, found = cv2.connectedComponentsWithStats(bright.astype(np.uint8))
    nearest = np.linalg.norm((found[1:, None] + 0.5) / 64 - wanted, axis=2).min(1)
    assert len(nearest) == 5
    assert nearest.max() < 1.5 / 64


def test_the_eval_net_learns_identity_and_prompt():
    people = RenderedPeople(4, 4)
    eval_net = train_eval_net(people, steps=60, batch=16)
    pixels = np.stack([people.photo(n).pixels for n in range(16)])
    prediction = predict(eval_net, pixels)
    wanted = [attribute_indices(portrait.scene) for portrait in people.portraits]
    assert caption_accuracy(prediction, wanted) > 0.8
    gallery = torch.nn.functional.normalize(prediction.identity.view(4, 4, -1).mean(1), dim=1)
    assert retrieval(prediction.identity, gallery, [portrait.person for portrait in people.portraits])[0] > 0.9
    again = predict(train_eval_net(people, steps=60, batch=16), pixels)
    assert torch.equal(again.identity, prediction.identity)


def test_the_parallel_baseline_adds_attention_to_the_face():
    unet = diffusers_unet()
    torch.manual_seed(0)
    sizes = ProjectorSizes(16, width=16, inner=16, depth=1, queries=4, hidden=32, token_width=CONTEXT)
    adapter = ParallelAdapter(unet, sizes)
    tokens = adapter.project(torch.randn(1, 9, 16))
    x, text = torch.randn(1, 4, 8, 8), torch.randn(1, 5, CONTEXT)
    plain = run(unet, x, 10, text)
    with attach_parallel(unet, adapter, tokens, 1.0):
        assert torch.equal(run(unet, x, 10, text), plain)  # untrained values are zero
    site = "mid_block|attentions|0"
    torch.nn.init.normal_(adapter.values[site].weight, std=0.5)
    seen = []
    with attach_parallel(unet, adapter, tokens, 0.5) as attachment, torch.no_grad():
        attachment.observers.append(lambda name, x, d: seen.append((name, x, d)))
        assert not torch.equal(run(unet, x, 10, text), plain)
    assert torch.equal(run(unet, x, 10, text), plain)
    _, inside, increment = next(row for row in seen if row[0] == "mid_block.attentions.0")
    attn = unet.mid_block.attentions[0].transformer_blocks[0].attn2
    with torch.no_grad():
        query, key, value = attn.to_q(inside)[0], adapter.keys[site](tokens)[0], adapter.values[site](tokens)[0]
        width = query.shape[1] // attn.heads
        parts = [slice(h * width, (h + 1) * width) for h in range(attn.heads)]
        mixed = [torch.softmax(query[:, p] @ key[:, p].T / width**0.5, 1) @ value[:, p] for p in parts]
        expected = 0.5 * torch.cat(mixed, 1) @ attn.to_out[0].weight.T
    torch.testing.assert_close(increment[0], expected, rtol=1e-4, atol=1e-6)
