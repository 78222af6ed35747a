"""The host's attention in slices is used where the user has chosen it, and gives what SDPA gives."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from facechain_ext.adapter.block import sdpa
from facechain_ext.webui.attention import chosen

FORGES = [("backend.attention", "attention_function"), ("ldm_patched.ldm.modules.attention", "optimized_attention")]
OPERANDS = [torch.randn(2, 3, n, 8, generator=torch.Generator().manual_seed(n)) for n in (10, 14, 14)]
BIAS = torch.linspace(0, 1, 14)[None, None, None]


def sliced(query, key, value):
    """Rows [b, n, d] one query at a time, as the webui's sub-quadratic attention takes and gives them."""
    weights = [torch.softmax(row[:, None] @ key.mT * row.shape[-1] ** -0.5, -1) for row in query.unbind(1)]
    return torch.cat([weight @ value for weight in weights], 1)


def webui(monkeypatch, name):
    optimizer = None if name is None else types.SimpleNamespace(name=name)
    hijack = types.ModuleType("modules.sd_hijack")
    hijack.current_optimizer = optimizer
    optimizations = types.ModuleType("modules.sd_hijack_optimizations")
    calls = []

    def sub_quad_attention(*operands, use_checkpoint=True):
        assert not use_checkpoint
        calls.append(operands[0].shape)
        return sliced(*operands)

    optimizations.sub_quad_attention = sub_quad_attention
    package = types.ModuleType("modules")
    package.sd_hijack, package.sd_hijack_optimizations = hijack, optimizations
    for module in (package, hijack, optimizations):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for module, _ in FORGES:
        monkeypatch.delitem(sys.modules, module, raising=False)
    return calls


@pytest.mark.parametrize("name", ["sub-quadratic", "InvokeAI", "V1", "Doggettx"])
def test_the_webuis_slices(monkeypatch, name):
    calls = webui(monkeypatch, name)
    torch.testing.assert_close(chosen()(*OPERANDS, None), sdpa(*OPERANDS, None))
    assert calls == [(6, 10, 8)]
    torch.testing.assert_close(chosen()(*OPERANDS, BIAS), sdpa(*OPERANDS, BIAS))
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["sdp", "sdp-no-mem", "xformers", None])
def test_other_choices_are_pytorchs_own(monkeypatch, name):
    webui(monkeypatch, name)
    assert chosen() is sdpa


@pytest.mark.parametrize(("module", "attribute"), FORGES)
@pytest.mark.parametrize(
    ("name", "own"), [("attention_sub_quad", True), ("attention_split", True), ("attention_pytorch", False)]
)
def test_forges_and_reforges_slices(monkeypatch, name, own, module, attribute):
    def function(query, key, value, heads, mask=None, attn_precision=None, skip_reshape=False):
        assert skip_reshape
        out = sliced(*(part.flatten(0, 1) for part in (query, key, value)))
        return out.unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)

    function.__name__ = name
    for other, _ in FORGES:
        monkeypatch.delitem(sys.modules, other, raising=False)
    backend = types.ModuleType(module)
    setattr(backend, attribute, function)
    monkeypatch.setitem(sys.modules, module, backend)
    assert (chosen() is not sdpa) == own
    torch.testing.assert_close(chosen()(*OPERANDS, None), sdpa(*OPERANDS, None))
    torch.testing.assert_close(chosen()(*OPERANDS, BIAS), sdpa(*OPERANDS, BIAS))
