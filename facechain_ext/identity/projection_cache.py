"""A cache of identity tokens for each adapter, keyed by the encoder tokens."""

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

    WeightsVersion: TypeAlias = tuple[tuple[int, int], ...]


class SupportsProject(Protocol):
    """Projects encoder tokens [n, 144, width] to identity tokens [n, queries, token width], as an adapter does."""

    def project(self, face_tokens: Tensor) -> Tensor:
        """Encoder tokens to identity tokens."""
        ...


_CAPACITY = 64
"""Projections cached for each adapter: 50 kB a photo."""

_lock = threading.Lock()
_caches: weakref.WeakKeyDictionary[nn.Module, tuple[WeightsVersion, LRUCache[Tensor]]] = weakref.WeakKeyDictionary()


@torch.inference_mode(mode=False)
@torch.no_grad()
def project_cached(adapter: SupportsProject, face_tokens: Tensor) -> Tensor:
    """``adapter.project(face_tokens)`` without gradients; equal tokens are projected once.

    The cache of an adapter is emptied when the weights of its projector change. The result can be used inside and
    outside torch.inference_mode, wherever it was computed.
    """
    if not isinstance(adapter, nn.Module):
        return adapter.project(face_tokens)
    hasher = hashlib.sha256(repr(tuple(face_tokens.shape)).encode())
    hasher.update(face_tokens.detach().float().cpu().contiguous().numpy().data)
    key = hasher.digest()
    weights = list(getattr(adapter, "projector", adapter).parameters())
    if any(weight.is_inference() for weight in weights):  # inference tensors have no version counter
        return adapter.project(face_tokens)
    version = tuple((weight.data_ptr(), weight._version) for weight in weights)  # noqa: SLF001 - torch has no public one
    with _lock:
        if adapter not in _caches or _caches[adapter][0] != version:
            _caches[adapter] = version, LRUCache(_CAPACITY)
        cache = _caches[adapter][1]
    cached = cache.get(key)
    if cached is not None:
        return cached
    tokens: Tensor = adapter.project(face_tokens)
    cache.put(key, tokens)
    return tokens


def clear_projections() -> None:
    """Empty the caches of all adapters."""
    with _lock:
        _caches.clear()
