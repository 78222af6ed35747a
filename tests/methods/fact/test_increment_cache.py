"""What is left out to be faster is exactly what the switches say."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.methods.fact import AttachOptions, attach
from facechain_ext.methods.fact.increment_cache import IncrementCache
from tests import unets
from tests.methods.fact.test_attach import worst


def pattern(reuse, runs):
    """c where a run (progress, key) computes, r where it adds again."""
    seen = ""
    for progress, key in runs:
        reuse.begin(progress, key)
        x = torch.zeros(1, 2, 3)
        seen += "c" if reuse.lookup("site", x) is None else "r"
        reuse.store("site", x)
    return seen


def steps(count, calls=1, key="both"):
    return [(step / count, key) for step in range(count) for _ in range(calls)]


@pytest.mark.parametrize(
    ("every", "warm_up", "runs", "expected"),
    [
        (1, 1, steps(5), "ccccc"),
        (2, 3, steps(9), "cccrcrcrc"),
        (3, 1, steps(8), "crrcrrcr"),
        (2, 1, [run for step in steps(4) for run in ((step[0], "c"), (step[0], "u"))], "ccrrccrr"),
        (2, 1, steps(3, calls=2), "crcrcr"),
        (2, 1, steps(3, calls=4), "crcrcrcccccc"),
        (2, 2, steps(4) + steps(4), "ccrcccrc"),
    ],
    ids=["all", "second", "third", "rows apart", "second order", "tiles", "another picture"],
)
def test_increments_are_computed_every_nth_run(every, warm_up, runs, expected):
    assert pattern(IncrementCache(every, warm_up=warm_up), runs) == expected


def test_another_size_is_computed():
    reuse = IncrementCache(2, warm_up=1)
    reuse.begin(0.0, "key")
    reuse.store("site", torch.zeros(1, 2, 3))
    reuse.begin(0.5, "key")
    assert reuse.lookup("site", torch.zeros(1, 4, 3)) is None
    assert reuse.lookup("elsewhere", torch.zeros(1, 2, 3)) is None


@pytest.mark.parametrize("wrong", [{"every": 0}, {"warm_up": 0}])
def test_refuses(wrong):
    with pytest.raises(ValueError, match="every >= 1"):
        IncrementCache(**wrong)


def test_the_second_step_adds_what_the_first_did(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    added = []
    with attach(unet, adapter, tokens[0], options=AttachOptions(reuse=IncrementCache(2, warm_up=1))) as attachment:
        attachment.observers.append(lambda site, _x, increment: added.append((site, increment)))
        for step, shift in ((0.0, 0.0), (0.3, 1.0), (0.6, 2.0)):
            attachment.set_progress(step)
            unets.run(unet, x + shift, t, context)
    first, second, third = (dict(added[16 * n : 16 * n + 16]) for n in range(3))
    assert all(torch.equal(first[site], second[site]) for site in first)
    assert all(not torch.equal(first[site], third[site]) for site in first)


@pytest.mark.parametrize("conditional", [[True, False, False, True], [False] * 4, [True] * 4])
@pytest.mark.parametrize("region", [None, "left"])
def test_conditional_only_leaves_unconditional_rows_unchanged(unet, small, inputs, conditional, region):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    mask = None
    if region:
        mask = torch.zeros(16, 16)
        mask[:, :8] = 1
    bare = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens[0], null_tokens=tokens[1], region=mask) as attachment:
        attachment.set_rows(conditional)
        exact = unets.run(unet, x, t, context)
    with attach(
        unet, adapter, tokens[0], null_tokens=tokens[1], region=mask, options=AttachOptions(conditional_only=True)
    ) as attachment:
        attachment.set_rows(conditional)
        got = unets.run(unet, x, t, context)
    for row, is_conditional in enumerate(conditional):
        wanted = exact if is_conditional else bare
        assert worst(got[row], wanted[row]) < 1e-5
