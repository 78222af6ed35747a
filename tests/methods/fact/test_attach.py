"""The adapter in a U-Net equals the published formula, and leaves no trace when it is off or gone."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.errors import HostError
from facechain_ext.methods.fact import AttachOptions, attach
from tests import unets
from tests.methods.fact.conftest import make
from tests.methods.fact.reference import published


def worst(a, b):
    return float((a - b).abs().max())


@pytest.mark.parametrize("photos", [1, 3])
@pytest.mark.parametrize("rows", [1, 2, 3, 4])
@pytest.mark.parametrize("strength", [0.5, 1.3])
def test_equals_the_published_formula(unet, small, inputs, photos, rows, strength):
    adapter, state, _ = small
    x, t, context, _ = (value[:rows] for value in inputs)
    tokens = torch.randn(4 * photos, unets.CONTEXT, generator=torch.Generator().manual_seed(3))
    with published(unet, state, tokens.expand(rows, -1, -1), strength):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, strength=strength):
        got = unets.run(unet, x, t, context)
    assert worst(expected, unets.run(unet, x, t, context)) > 1e-3  # the adapter does something
    assert worst(expected, got) < 1e-5


@pytest.mark.parametrize("heads", [1, 2, 4, 8])
def test_equals_the_formula_with_other_head_counts(tmp_path, inputs, heads):
    unet = unets.diffusers_unet(heads)
    adapter, state, _ = make(tmp_path, unet)
    x, t, context, tokens = inputs
    with published(unet, state, tokens, 0.5):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens):
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5


@pytest.mark.parametrize("heads", [3, 5])
def test_equals_the_formula_with_odd_head_counts(tmp_path, inputs, heads):
    unet = unets.diffusers_unet(heads, channels=(8 * heads, 16 * heads, 32 * heads, 32 * heads))
    adapter, state, _ = make(tmp_path, unet)
    x, t, context, tokens = inputs
    with published(unet, state, tokens, 0.5):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens):
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5


def test_null_tokens_go_to_the_unconditional_rows_of_each_family(unet, family, small, inputs):
    adapter, state, _ = small
    x, t, context, tokens = inputs
    face, null = tokens[0], tokens[1]
    order = [null, null, face, face] if family == "diffusers" else [face, face, null, null]
    with published(unet, state, torch.stack(order), 0.5):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, face, null_tokens=null):
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5


@pytest.mark.parametrize("conditional", [[True, False, False, True], [False] * 4, [True] * 4])
def test_set_rows_decides_which_rows_get_the_face(unet, small, inputs, conditional):
    adapter, state, _ = small
    x, t, context, tokens = inputs
    face, null = tokens[0], tokens[1]
    with published(unet, state, torch.stack([face if is_cond else null for is_cond in conditional]), 0.5):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, face, null_tokens=null) as attachment:
        attachment.set_rows(conditional)
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5
        attachment.set_rows(lambda rows, seen: conditional[:rows] if seen is context else [])
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5


def test_an_odd_number_of_rows_is_not_guessed(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = (value[:3] for value in inputs)
    with attach(unet, adapter, tokens[0], null_tokens=tokens[1]), pytest.raises(HostError, match="set_rows"):
        unets.run(unet, x, t, context)


def test_off_and_strength_zero_are_bit_identical(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    bare = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, strength=0.0):
        assert torch.equal(bare, unets.run(unet, x, t, context))
    with attach(unet, adapter, tokens, window=(0.0, 0.2)) as attachment:
        attachment.set_progress(0.5)
        assert torch.equal(bare, unets.run(unet, x, t, context))
    with attach(unet, adapter, tokens):
        assert not torch.equal(bare, unets.run(unet, x, t, context))
    assert torch.equal(bare, unets.run(unet, x, t, context))


class StopHereError(Exception):
    """Stands for whatever stops a step."""


def test_an_exception_in_the_middle_leaves_nothing(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    bare = unets.run(unet, x, t, context)
    seen = []

    def stop(site, *_):
        seen.append(site)
        if len(seen) == 5:
            raise StopHereError

    attachment = attach(unet, adapter, tokens)
    with attachment:
        clean = unets.run(unet, x, t, context)
    attachment = attach(unet, adapter, tokens)
    attachment.observers.append(stop)
    with pytest.raises(StopHereError):
        unets.run(unet, x, t, context)
    assert worst(clean, unets.run(unet, x, t, context)) < 1e-6  # the next step with it still on is a clean one
    attachment.remove()
    attachment.remove()
    assert torch.equal(bare, unets.run(unet, x, t, context))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in unet.modules())


def test_a_second_attach_replaces_the_first(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    bare = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens[1]):
        alone = unets.run(unet, x, t, context)
    first = attach(unet, adapter, tokens[0])
    second = attach(unet, adapter, tokens[1])
    assert torch.equal(alone, unets.run(unet, x, t, context))
    first.remove()
    assert torch.equal(alone, unets.run(unet, x, t, context))
    second.remove()
    assert torch.equal(bare, unets.run(unet, x, t, context))


@pytest.mark.parametrize(
    ("window", "timestep", "acts"),
    [
        ((0.0, 1.0), 999, True),
        ((0.0, 1.0), 0, True),
        ((0.0, 0.5), 999, True),
        ((0.0, 0.5), 400, False),
        ((0.5, 1.0), 999, False),
        ((0.5, 1.0), 0, True),
        ((0.3, 0.3), 690, False),
    ],
)
def test_window_goes_by_the_timestep_until_set_progress(unet, small, inputs, window, timestep, acts):
    adapter, _, _ = small
    x, _, context, tokens = inputs
    t = torch.full((4,), timestep)
    bare = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, window=window):
        assert torch.equal(bare, unets.run(unet, x, t, context)) is not acts


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": (0.7, 0.2)}, "window"),
        ({"window": (-0.1, 0.2)}, "window"),
        ({"strength": float("nan")}, "Strength"),
        ({"strength": [0.5, 0.5]}, "identities"),
        ({"null_tokens": torch.zeros(3, unets.CONTEXT)}, "null tokens"),
        ({"region": torch.zeros(3)}, "region"),
    ],
)
def test_wrong_settings_attach_nothing(unet, small, inputs, settings, message):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    with pytest.raises(ValueError, match=message), attach(unet, adapter, tokens[0], **settings):
        unets.run(unet, x, t, context)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in unet.modules())


def test_tokens_of_another_width_are_refused(unet, small):
    with pytest.raises(ValueError, match="wide"):
        attach(unet, small[0], torch.zeros(4, unets.CONTEXT + 1))


def test_another_number_of_channels_is_refused(small, family):
    other = unets.diffusers_unet(channels=(24, 48, 96, 96)) if family == "diffusers" else unets.ldm_unet(channels=64)
    with pytest.raises(HostError, match="channels"):
        attach(other, small[0], torch.zeros(4, unets.CONTEXT))


@pytest.mark.parametrize(("context", "kind"), [(1024, "SD2"), (2048, "another kind")])
def test_checkpoints_of_other_kinds_are_refused(small, context, kind):
    with pytest.raises(HostError, match=rf"{kind}.*Stable Diffusion 1\.5 or SDXL"):
        attach(unets.diffusers_unet(context=context), small[0], torch.zeros(4, unets.CONTEXT))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_close(unet, small, inputs, dtype):
    adapter, _, path = small
    x, t, context, tokens = inputs
    from facechain_ext.methods.fact import load_adapter

    half = load_adapter(path, dtype=dtype)
    seen = {}
    with attach(unet, adapter, tokens) as attachment:
        attachment.observers.append(lambda site, _x, added: seen.setdefault(site, added))
        unets.run(unet, x, t, context)
    first = next(iter(seen))
    with attach(unet, half, tokens) as attachment:
        attachment.observers.append(lambda site, _x, added: site != first or seen.update(got=added))
        unets.run(unet, x, t, context)
    assert seen["got"].dtype == torch.float32
    assert worst(seen["got"], seen[first]) < 0.03 * float(seen[first].abs().max())


def test_autocast_gives_nearly_the_same(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    with attach(unet, adapter, tokens):
        exact = unets.run(unet, x, t, context)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = unets.run(unet, x, t, context)
    assert worst(exact, rough.float()) < 0.1 * float(exact.abs().max())


def test_streamed_weights_give_the_same(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    with attach(unet, adapter, tokens):
        resident = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, options=AttachOptions(streamed=True)):
        assert torch.equal(resident, unets.run(unet, x, t, context))
