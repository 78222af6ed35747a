"""The attention of the face block: the host's memory-saving one where the user has chosen that, else PyTorch's."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from typing import TYPE_CHECKING

from facechain_ext.devices import is_out_of_memory
from facechain_ext.hosts.webui.host_facts import host
from facechain_ext.identity.projector import merge_heads, split_heads
from facechain_ext.methods.fact.block import sdpa

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.methods.fact.block import Attention

log = logging.getLogger(__name__)


def select_attention() -> Attention:
    """The host's attention in slices where it uses that, else PyTorch's own.

    A function that cannot be called, or fails with anything but a lack of memory, is replaced by PyTorch's own with one
    warning in the log.
    """
    facts = host()
    if facts.attention is None:
        hijack = sys.modules.get("modules.sd_hijack")
        name = getattr(getattr(hijack, "current_optimizer", None), "name", None)
        return _with_fallback(_call_webui) if name in facts.sliced else sdpa
    function = facts.attention.value()
    name = getattr(function, "__name__", "")
    if not callable(function) or name not in facts.sliced:
        return sdpa
    if not _takes_merged_heads(function):
        log.warning("The host's %s is called in an unknown way; the face uses PyTorch's own.", name)
        return sdpa
    return _with_fallback(functools.partial(_call_merged, function))


def _with_fallback(sliced: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Attention:
    """``sliced`` until it fails, then PyTorch's own, which is used for a bias too, as ``sliced`` takes none."""
    failed = False

    def attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
        nonlocal failed
        if bias is not None or failed:
            return sdpa(query, key, value, bias)
        try:
            return sliced(query, key, value)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            failed = True
            log.warning("The host's attention does not serve the face (%s); PyTorch's own is used.", error)
            return sdpa(query, key, value, bias)

    return attention


def _call_webui(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    from modules import sd_hijack_optimizations

    merged = (operand.flatten(0, 1).contiguous() for operand in (query, key, value))
    out: Tensor = sd_hijack_optimizations.sub_quad_attention(*merged, use_checkpoint=False)
    return out.view_as(query)


def _takes_merged_heads(function: Callable[..., Tensor]) -> bool:
    """Whether ``function`` can be called with query, key, value and the number of heads.

    Some of them also take operands with split heads (``skip_reshape``); as not all do, that is not used.
    """
    try:
        inspect.signature(function).bind(None, None, None, 8)
    except (TypeError, ValueError):
        return False
    return True


def _call_merged(function: Callable[..., Tensor], query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    heads = query.shape[1]
    return split_heads(function(merge_heads(query), merge_heads(key), merge_heads(value), heads), heads)
