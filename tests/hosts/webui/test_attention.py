"""The host's attention in slices is used where the user has chosen it, and gives what SDPA gives."""

from __future__ import annotations

import functools
import sys
import types

import pytest
import torch

from facechain_ext.hosts.webui.attention import select_attention
from facechain_ext.methods.fact.block import sdpa
from tests.hosts.webui.fake_host import install_marks

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
def test_sliced_attention_of_the_webui(monkeypatch, name):
    calls = webui(monkeypatch, name)
    torch.testing.assert_close(select_attention()(*OPERANDS, None), sdpa(*OPERANDS, None))
    assert calls == [(6, 10, 8)]
    torch.testing.assert_close(select_attention()(*OPERANDS, BIAS), sdpa(*OPERANDS, BIAS))
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["sdp", "sdp-no-mem", "xformers", None])
def test_other_optimizations_select_pytorchs_own(monkeypatch, name):
    webui(monkeypatch, name)
    assert select_attention() is sdpa


def merged(query, key, value, heads):
    """Tokens [b, n, heads * d], as Forge and its relatives all take and give them."""
    apart = (part.unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1) for part in (query, key, value))
    return sliced(*apart).unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)


def forge(query, key, value, heads, mask=None, attn_precision=None, skip_reshape=False):
    assert not skip_reshape
    return merged(query, key, value, heads)


def classic(query, key, value, heads, mask=None):
    return merged(query, key, value, heads)


def put(monkeypatch, module, attribute, function):
    """Make ``function`` the attention of the host that keeps it in ``module``."""
    for other, _ in FORGES:
        monkeypatch.delitem(sys.modules, other, raising=False)
    backend = types.ModuleType(module)
    setattr(backend, attribute, function)
    monkeypatch.setitem(sys.modules, module, backend)
    install_marks(monkeypatch, ("modules_forge", module.partition(".")[0], "modules.hypernetworks"))


@pytest.mark.parametrize(("module", "attribute"), FORGES)
@pytest.mark.parametrize("function", [forge, classic])
@pytest.mark.parametrize(
    ("name", "own"), [("attention_sub_quad", True), ("attention_split", True), ("attention_pytorch", False)]
)
def test_sliced_attention_of_forge_and_its_relatives(monkeypatch, name, own, function, module, attribute):
    calls = []

    @functools.wraps(function)
    def counted(*args, **kwargs):
        calls.append(args)
        return function(*args, **kwargs)

    counted.__name__ = name
    put(monkeypatch, module, attribute, counted)
    torch.testing.assert_close(select_attention()(*OPERANDS, None), sdpa(*OPERANDS, None))
    assert len(calls) == own
    torch.testing.assert_close(select_attention()(*OPERANDS, BIAS), sdpa(*OPERANDS, BIAS))
    assert len(calls) == own


def attention_split(query, key, value, *, number_of_heads):
    raise AssertionError("it is not called")


def attention_sub_quad(query, key, value, heads):
    raise TypeError("this host has changed")


@pytest.mark.parametrize(("module", "attribute"), FORGES)
@pytest.mark.parametrize("function", [attention_split, attention_sub_quad])
def test_sliced_attention_that_fails_is_replaced_by_pytorchs_own_with_one_warning(
    monkeypatch, caplog, function, module, attribute
):
    put(monkeypatch, module, attribute, function)
    attention = select_attention()
    for _ in range(2):
        torch.testing.assert_close(attention(*OPERANDS, None), sdpa(*OPERANDS, None))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_out_of_memory_in_sliced_attention_reaches_the_host(monkeypatch):
    def attention_split(query, key, value, heads):
        raise RuntimeError("Not enough memory, use lower resolution (max approx. 640x640).")

    put(monkeypatch, *FORGES[1], attention_split)
    with pytest.raises(RuntimeError, match="Not enough memory"):
        select_attention()(*OPERANDS, None)
