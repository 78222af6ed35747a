"""The attention inside the face block, where the user has chosen one that spares memory for the host's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from facechain_ext.adapter.block import sdpa

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.adapter.block import Attention

_SPARING = frozenset({"sub-quadratic", "V1", "InvokeAI", "Doggettx"})
"""Names of AUTOMATIC1111's optimizations that work in slices; the others are kernels of SDPA's kind."""
_FORGE_SPARING = frozenset({"attention_sub_quad", "attention_split"})
_FORGES = (("backend.attention", "attention_function"), ("ldm_patched.ldm.modules.attention", "optimized_attention"))
"""Where Forge and reForge keep the attention that they chose; both are called alike."""


def chosen() -> Attention:
    """The host's attention in slices where that is what it uses, else PyTorch's own."""
    if getattr(_of_forge(), "__name__", "") in _FORGE_SPARING:
        return _by_forge
    hijack = sys.modules.get("modules.sd_hijack")
    name = getattr(getattr(hijack, "current_optimizer", None), "name", None)
    return _by_webui if name in _SPARING else sdpa


def _by_webui(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    if bias is not None:  # it takes none
        return sdpa(query, key, value, bias)
    from modules import sd_hijack_optimizations

    together = (part.flatten(0, 1).contiguous() for part in (query, key, value))
    out: Tensor = sd_hijack_optimizations.sub_quad_attention(*together, use_checkpoint=False)
    return out.view_as(query)


def _of_forge() -> Any:
    """The attention that Forge or reForge chose; None elsewhere."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in _FORGES)
    return next((function for function in found if function is not None), None)


def _by_forge(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    if bias is not None:
        return sdpa(query, key, value, bias)
    rows, heads, tokens, width = query.shape
    out: Tensor = _of_forge()(query, key, value, heads, skip_reshape=True)
    return out.view(rows, tokens, heads, width).transpose(1, 2)
