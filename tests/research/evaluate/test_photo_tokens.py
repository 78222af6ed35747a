"""Which tokens of several photos are kept: those least alike, in the order of the photos."""

from __future__ import annotations

import re

import torch

from research.evaluate.photo_tokens import Outcome, closeness, least_alike, page, ways


def photos(count, queries=4, width=8, noise=0.01, seed=0):
    """Tokens [count, queries, width]: of each query in all photos nearly the same."""
    generator = torch.Generator().manual_seed(seed)
    own = torch.linalg.qr(torch.randn(width, width, generator=generator))[0][:queries]
    return own + noise * torch.randn(count, queries, width, generator=generator)


def test_one_token_of_every_query_is_kept_where_photos_differ_little():
    tokens = photos(3)
    kept = least_alike(tokens, 4)
    nearest = torch.nn.functional.normalize(kept, dim=1) @ torch.nn.functional.normalize(tokens[0], dim=1).T
    assert sorted(nearest.argmax(1).tolist()) == [0, 1, 2, 3]


def test_a_token_that_nobody_else_has_is_kept():
    tokens = photos(3)
    tokens[2, 3] = -tokens[2, 3]
    assert any(torch.equal(one, tokens[2, 3]) for one in least_alike(tokens, 5))


def test_as_many_tokens_as_there_are_stay_as_they_are():
    tokens = photos(2)
    assert torch.equal(least_alike(tokens, 99), tokens.flatten(0, 1))


def test_the_ways_give_as_many_tokens_as_they_say():
    tokens = photos(4)
    counts = [len(way.choose(tokens[: way.photos])) for way in ways(4, queries=4)]
    assert counts == [4, 16, 16, 8, 4, 4]
    torch.testing.assert_close(ways(4, queries=4)[-1].choose(tokens), tokens.mean(0))


def test_tokens_of_one_query_are_told_from_those_of_other_people_and_queries():
    people = torch.stack([photos(2, seed=seed) for seed in range(3)])
    found = [float(one) for one in re.findall(r"-?[0-9]\.[0-9]{2}", closeness(people))]
    assert found[0] > 0.99
    assert max(abs(one) for one in found[1:]) < 0.9


def test_the_page_has_a_row_for_each_way():
    text = page([Outcome("one photo", 16, 0.55, 0.457, 0.81, 0.0708, 29.4)], 40, "COMMAND")
    assert "| one photo | 16 | 55% | 0.457 | 81% | 0.0708 | 29 |" in text
    assert "`COMMAND`: 40 rendered people" in text
