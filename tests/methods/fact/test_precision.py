"""Precisions and layouts that hosts run the U-Net in: the face acts as in float32, within their accuracy."""

from __future__ import annotations

import contextlib
import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from facechain_ext.methods.fact import AttachOptions, attach, load_adapter, residency
from facechain_ext.methods.fact.automatic import AutomaticRegion
from facechain_ext.methods.fact.increment_cache import IncrementCache
from tests import unets
from tests.methods.fact.test_attach import worst

SETTINGS = {
    "exact": {},
    "region": {"region": torch.cat([torch.ones(16, 8), torch.zeros(16, 8)], 1)},
    "every second step": {"reuse": lambda: IncrementCache(warm_up=1)},
    "prompt's rows": {"conditional_only": True},
    "automatic region": {"automatic": lambda: AutomaticRegion(warm_up=1, share=0.6, margin=0)},
}


@pytest.fixture
def inputs():
    """(latents [2, 4, 16, 16], timesteps [2], context [2, 7, CONTEXT], tokens [2, 4, CONTEXT])."""
    generator = torch.Generator().manual_seed(7)
    return (
        torch.randn(2, 4, 16, 16, generator=generator),
        torch.full((2,), 500),
        torch.randn(2, 7, unets.CONTEXT, generator=generator),
        torch.randn(2, 4, unets.CONTEXT, generator=generator),
    )


def settings(name):
    """The settings of ``name`` as ``attach`` takes them, those that keep a state made anew."""
    values = {key: value() if callable(value) else value for key, value in SETTINGS[name].items()}
    region = {"region": values.pop("region")} if "region" in values else {}
    return region | {"options": AttachOptions(**values)}


def predicted(unet, adapter, x, t, context, tokens, how, manner=contextlib.nullcontext):
    """The second of two steps, with the settings ``how``."""
    with attach(unet, adapter, tokens[0], null_tokens=tokens[1], **how) as attachment, manner():
        for step in range(2):
            attachment.set_progress(step / 2)
            out = unets.run(unet, x, t, context)
    return out


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(unet, small, inputs, dtype, name):
    adapter, _, path = small
    x, t, context, tokens = inputs
    bare = unets.run(unet, x, t, context)
    how, same = settings(name), settings(name)
    half = load_adapter(path, dtype=dtype)
    got = predicted(unet, half, x, t, context, tokens, how, lambda: torch.autocast("cpu", dtype=dtype))
    exact = predicted(unet, adapter, x, t, context, tokens, same)
    if (
        how["options"].automatic is not None
    ):  # cells at the edge of the share may fall on either side; the rest is compared on its own
        found = how["options"].automatic.region
        assert (found != same["options"].automatic.region).sum() <= 0.02 * found.numel()
        exact = predicted(unet, adapter, x, t, context, tokens, {"region": found})
    with torch.autocast("cpu", dtype=dtype):
        rough = unets.run(unet, x, t, context)
    own_error = worst(rough.float(), bare)
    assert torch.isfinite(got).all()
    assert worst(got.float(), exact) < 3 * own_error + 0.02 * worst(exact, bare)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_unet_in_half_precision(unet, family, small, inputs, dtype):
    if family == "ldm":
        pytest.skip("ldm's norms compute in float32; its hosts run it under autocast, as above")
    _, _, path = small
    x, t, context, tokens = inputs
    own = copy.deepcopy(unet).to(dtype)
    half = load_adapter(path, dtype=dtype)
    bare, exact = unets.run(unet, x, t, context), predicted(unet, small[0], x, t, context, tokens, {})
    rough = unets.run(own, x.to(dtype), t, context.to(dtype))
    got = predicted(own, half, x.to(dtype), t, context.to(dtype), tokens, {})
    assert got.dtype == dtype
    assert worst(got.float(), exact) < 3 * worst(rough.float(), bare) + 0.02 * worst(exact, bare)


def stored_in_fp8(unet, dtype):
    """As the webui's fp8 option does: weights of Linear and Conv2d as float8_e4m3fn, cast where they are used."""
    own = copy.deepcopy(unet)
    for module in own.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            module.weight.data = module.weight.data.to(torch.float8_e4m3fn)

            def forward(x, module=module):
                weight = module.weight.to(dtype)
                bias = None if module.bias is None else module.bias.to(dtype)
                if isinstance(module, torch.nn.Linear):
                    return torch.nn.functional.linear(x.to(dtype), weight, bias)
                return module._conv_forward(x.to(dtype), weight, bias)

            module.forward = forward
    return own


def test_weights_stored_in_fp8(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    own = stored_in_fp8(unet, torch.float32)
    bare = unets.run(own, x, t, context)
    got = predicted(own, adapter, x, t, context, tokens, {})
    assert any(weight.dtype == torch.float8_e4m3fn for weight in own.parameters())
    assert adapter.dtype == torch.float32
    assert worst(got, bare) > 1e-3
    assert torch.equal(unets.run(own, x, t, context), bare)


@pytest.mark.parametrize("name", SETTINGS)
def test_channels_last(unet, small, inputs, name):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    own = copy.deepcopy(unet).to(memory_format=torch.channels_last)
    expected = predicted(unet, adapter, x, t, context, tokens, settings(name))
    got = predicted(own, adapter, x.to(memory_format=torch.channels_last), t, context, tokens, settings(name))
    assert worst(got, expected) < 1e-5


class Watch(TorchDispatchMode):
    """Counts operations by name."""

    def __init__(self):
        super().__init__()
        self.counts = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.counts[name] = self.counts.get(name, 0) + 1
        return func(*args, **(kwargs or {}))


WAITING = ("_local_scalar_dense", "lift_fresh", "nonzero", "equal", "is_nonzero", "allclose", "unique", "masked_select")
"""Operations that make the host wait for a GPU, or copy to it what is made on the host."""


@pytest.mark.parametrize("apart", [False, True], ids=["rows together", "rows apart"])
@pytest.mark.parametrize("name", ["exact", "region", "every second step", "prompt's rows"])
def test_a_step_needs_no_synchronisation(unet, small, inputs, name, apart):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    calls = [([True], slice(0, 1)), ([False], slice(1, 2))] if apart else [([True, False], slice(0, 2))]

    def step(attachment=None):
        for conditional, rows in calls:
            if attachment is not None:
                attachment.set_rows(conditional)
            unets.run(unet, x[rows], t[rows], context[rows])

    with Watch() as bare:
        step()
    with attach(unet, adapter, tokens[0], null_tokens=tokens[1], **settings(name)) as attachment:
        attachment.set_progress(0.0)
        step(attachment)
        attachment.set_progress(0.5)
        with Watch() as watch:
            step(attachment)
    assert watch.counts["add"] > bare.counts["add"]  # the face was there
    for waiting in WAITING:
        assert watch.counts.get(waiting, 0) == bare.counts.get(waiting, 0), waiting


def test_loaded_weights_are_offloaded_once(small, monkeypatch):
    adapter, _, _ = small
    here, restored, restore = adapter.device, [], residency._restore

    def watched(offloaded):
        restored.append(len(offloaded))
        restore(offloaded)

    monkeypatch.setattr(residency, "_restore", watched)
    with adapter.residency.loaded(here):
        for _picture in range(3):
            adapter.residency.load(here)
            adapter.residency.offload()
        assert restored == []
    assert len(restored) == 1
