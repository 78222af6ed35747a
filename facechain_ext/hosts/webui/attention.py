"""The attention inside the face block, where the user has chosen one that spares memory for the host's own."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from typing import TYPE_CHECKING, Any

from facechain_ext.devices import is_out_of_memory
from facechain_ext.identity.projector import merge_heads, split_heads
from facechain_ext.methods.fact.block import sdpa

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.methods.fact.block import Attention

log = logging.getLogger(__name__)

_SPARING = frozenset({"sub-quadratic", "V1", "InvokeAI", "Doggettx"})
"""Names of AUTOMATIC1111's optimizations that work in slices; the others are kernels of SDPA's kind."""
_FORGE_SPARING = frozenset({"attention_sub_quad", "attention_split"})
_FORGES = (("backend.attention", "attention_function"), ("ldm_patched.ldm.modules.attention", "optimized_attention"))
"""Where Forge and its relatives keep the attention that they chose: (query, key, value [b, n, heads * d], heads)."""


def chosen() -> Attention:
    """The host's attention in slices where that is what it uses, else PyTorch's own.

    One that cannot be called, or fails with anything but a lack of memory, is replaced by PyTorch's own, and the log
    says so once.
    """
    forge = _of_forge()
    if getattr(forge, "__name__", "") in _FORGE_SPARING:
        if not _takes_merged_heads(forge):
            log.warning("The host's %s is called in an unknown way; the face uses PyTorch's own.", forge.__name__)
            return sdpa
        return _or_pytorchs_own(functools.partial(_by_forge, forge))
    hijack = sys.modules.get("modules.sd_hijack")
    name = getattr(getattr(hijack, "current_optimizer", None), "name", None)
    return _or_pytorchs_own(_by_webui) if name in _SPARING else sdpa


def _or_pytorchs_own(sliced: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Attention:
    """``sliced`` until it fails; it takes no bias, so operands with one are PyTorch's anyway."""
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


def _by_webui(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    from modules import sd_hijack_optimizations

    together = (part.flatten(0, 1).contiguous() for part in (query, key, value))
    out: Tensor = sd_hijack_optimizations.sub_quad_attention(*together, use_checkpoint=False)
    return out.view_as(query)


def _of_forge() -> Any:
    """The attention that Forge or a relative chose; None elsewhere."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in _FORGES)
    return next((function for function in found if function is not None), None)


def _takes_merged_heads(function: Callable[..., Any]) -> bool:
    """Whether ``function`` can be called with query, key, value and the number of heads, as all of them can today.

    Only some also take heads apart (``skip_reshape``), so that is not used.
    """
    try:
        inspect.signature(function).bind(None, None, None, 8)
    except (TypeError, ValueError):
        return False
    return True


def _by_forge(function: Callable[..., Tensor], query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    heads = query.shape[1]
    return split_heads(function(merge_heads(query), merge_heads(key), merge_heads(value), heads), heads)
