"""Mixing on the tiny models that ship: exactly monotone for the encoder and for what the U-Net sees."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from facechain_ext.demo.models import shipped_models
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter
from research.evaluate.mixing import SHARES, likenesses, mean_mixing, mix_at_shares, rendered_identity, table
from research.evaluate.rendered import HELD_OUT, RenderedPeople

PAIRS = 4


@pytest.fixture(scope="module")
def models():
    models = shipped_models()
    if models is None:
        pytest.skip("no small models ship")
    return TransFace.from_file(models.encoder), load_adapter(models.adapter)


@pytest.fixture(scope="module")
def people(models):
    rendered = RenderedPeople(2 * PAIRS, 1, first=HELD_OUT, side=128)
    return [rendered_identity(rendered, number, models[0]) for number in range(len(rendered))]


def nearer(cosines):
    return all(later[0] < before[0] and later[1] > before[1] for before, later in pairwise(cosines))


@pytest.mark.parametrize("pair", range(PAIRS))
def test_likeness_to_the_first_falls_and_to_the_second_rises(models, people, pair):
    _, adapter = models
    first, second = people[2 * pair : 2 * pair + 2]
    both = mix_at_shares(first, second)
    assert nearer(likenesses([one.embedding for one in both]))
    assert nearer(likenesses([one.tokens(adapter) for one in both]))
    assert torch.equal(both[0].tokens(adapter), first.tokens(adapter))
    assert torch.equal(both[-1].tokens(adapter), second.tokens(adapter))


def test_the_figures_are_means_and_a_pair_that_turns_back_once_is_not_steady():
    even = [((1 - share, share),) * 3 for share in SHARES]
    turning = [row if n != 2 else (row[0], row[1], (0.9, 0.5)) for n, row in enumerate(even)]
    mixing = mean_mixing([even, turning])
    assert mixing.pairs == 2
    assert mixing.rows[2].pictures == pytest.approx(((0.5 + 0.9) / 2, 0.5))
    assert mixing.rows[1].embedding == pytest.approx((0.75, 0.25))
    assert mixing.monotone == {"embedding": 1.0, "tokens": 1.0, "pictures": 0.5}
    page = "\n".join(table(mixing))
    assert "over 2 pairs" in page
    assert "| 50% | 0.500 | 0.500 | 0.500 | 0.500 | 0.700 | 0.500 |" in page
    assert "pictures 50%" in page
