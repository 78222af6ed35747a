"""Identity tokens of the people of the last runs, so that the second run with the same person projects nothing."""

from __future__ import annotations

import hashlib
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from facechain_ext.storage.lru_cache import LRUCache

if TYPE_CHECKING:
    from typing import TypeAlias

    Stamp: TypeAlias = tuple[tuple[int, int], ...]


class SupportsProject(Protocol):
    """Turns encoder tokens [n, 144, width] into identity tokens [n, queries, token width]; an adapter does."""

    def project(self, face_tokens: Tensor) -> Tensor:
        """Encoder tokens to identity tokens."""
        ...


_REMEMBERED = 64
"""Projections kept of each adapter: 50 kB a photo."""

_lock = threading.Lock()
_known: weakref.WeakKeyDictionary[nn.Module, tuple[Stamp, LRUCache[Tensor]]] = weakref.WeakKeyDictionary()


@torch.inference_mode(mode=False)
@torch.no_grad()
def project_cached(adapter: SupportsProject, face_tokens: Tensor) -> Tensor:
    """``adapter.project(face_tokens)`` without gradients; the same tokens are projected once.

    A projector whose weights have changed, or were exchanged, projects anew. What comes out serves inside and outside
    of torch.inference_mode, wherever it was first asked for.
    """
    if not isinstance(adapter, nn.Module):
        return adapter.project(face_tokens)
    content = hashlib.sha256(repr(tuple(face_tokens.shape)).encode())
    content.update(face_tokens.detach().float().cpu().contiguous().numpy().data)
    key = content.digest()
    weights = list(getattr(adapter, "projector", adapter).parameters())
    if any(weight.is_inference() for weight in weights):  # nothing counts the changes of such weights
        return adapter.project(face_tokens)
    stamp = tuple((weight.data_ptr(), weight._version) for weight in weights)  # noqa: SLF001 - torch's only counter
    with _lock:
        if adapter not in _known or _known[adapter][0] != stamp:
            _known[adapter] = stamp, LRUCache(_REMEMBERED)
        kept = _known[adapter][1]
    known = kept.get(key)
    if known is not None:
        return known
    tokens: Tensor = adapter.project(face_tokens)
    kept.put(key, tokens)
    return tokens


def clear_projections() -> None:
    """Drop everything."""
    with _lock:
        _known.clear()
