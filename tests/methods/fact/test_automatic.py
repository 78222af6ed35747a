"""The automatic region finds where increments are and computes the same there."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.methods.fact import AttachOptions, attach
from facechain_ext.methods.fact.automatic import AutomaticRegion
from tests import unets


def blob(size=16, low=4, high=9):
    increment = torch.full((2, size * size, 3), 1e-4)
    increment.view(2, size, size, 3)[:, low:high, low:high] = 1.0
    return increment


def run(automatic, steps, increment, size=(16, 16)):
    """Feed the same increment; gives for each step whether a region was in force."""
    regions = []
    for step in range(steps):
        automatic.begin(step / steps, size)
        regions.append(automatic.region)
        automatic.observe(increment)
    return regions


def test_the_region_is_where_the_increments_are():
    regions = run(AutomaticRegion(warm_up=2, margin=1), 5, blob())
    assert [region is None for region in regions] == [True, True, False, False, False]
    found = regions[-1]
    assert bool((found[4:9, 4:9] == 1).all())
    assert float(found.sum()) <= 9 * 9


def test_it_is_measured_again_and_follows():
    automatic = AutomaticRegion(warm_up=1, refresh_every=3, margin=0)
    run(automatic, 1, blob())
    kinds = []
    for step in range(1, 9):
        automatic.begin(step / 20, (16, 16))
        kinds.append(automatic.region is None)
        automatic.observe(blob(low=10, high=14))
    assert kinds == [False, False, True, False, False, True, False, False]
    assert float(automatic.region[11:13, 11:13].min()) == 1.0
    assert float(automatic.region[:6, :6].max()) == 0.0


def test_a_new_picture_starts_again():
    automatic = AutomaticRegion(warm_up=1)
    run(automatic, 4, blob())
    assert automatic.region is not None
    automatic.begin(0.0, (16, 16))
    assert automatic.region is None
    run(automatic, 4, blob(32, 4, 9), (32, 32))
    assert automatic.region.shape == (32, 32)


def test_an_adapter_that_acts_everywhere_is_computed_everywhere():
    regions = run(AutomaticRegion(warm_up=1), 4, torch.ones(1, 256, 4))
    assert regions == [None] * 4


def test_runs_of_one_step_count_once():
    automatic = AutomaticRegion(warm_up=2)
    for progress in (0.1, 0.1, 0.2, 0.2):
        automatic.begin(progress, (16, 16))
        automatic.observe(blob())
        assert automatic.region is None
    automatic.begin(0.3, (16, 16))
    assert automatic.region is not None


def test_inside_a_unet_it_only_leaves_out_what_lies_outside(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    automatic = AutomaticRegion(warm_up=1, refresh_every=50, share=0.5, margin=0, max_coverage=1.0)
    seen = []
    with attach(unet, adapter, tokens, options=AttachOptions(automatic=automatic)) as attachment:
        attachment.observers.append(lambda _site, _x, added: seen.append(added.clone()))
        attachment.set_progress(0.0)
        unets.run(unet, x, t, context)
        everywhere = seen[0]
        seen.clear()
        attachment.set_progress(0.1)
        unets.run(unet, x, t, context)
    assert 0.0 < automatic.coverage < 1.0
    there = automatic.region.flatten() > 0
    assert torch.allclose(seen[0][:, there], everywhere[:, there], atol=1e-6)
    assert not seen[0][:, ~there].any()


@pytest.mark.parametrize("wrong", [{"warm_up": 0}, {"refresh_every": 1}, {"share": 0.0}, {"margin": -1}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="automatic region"):
        AutomaticRegion(**wrong)
