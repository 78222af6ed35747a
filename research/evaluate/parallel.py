"""The baseline: decoupled cross-attention beside the text's (IP-Adapter, arXiv 2308.06721), for comparison only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from facechain_ext.identity.projector import Projector, ProjectorSizes, merge_heads, split_heads
from facechain_ext.methods.fact.sites import Site, find_sites
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch.utils.hooks import RemovableHandle

    from facechain_ext.methods.fact.injection import Observer


class ParallelAdapter(nn.Module):
    """A projector like FaceAdapter's, and a key and value matrix for the face at each site.

    The increment is attention of the text's own queries to the face, through the text's own output layer, added to
    the text's attention. The value matrices start at zero, so that an untrained one adds nothing.
    """

    def __init__(self, unet: nn.Module, projector: ProjectorSizes) -> None:
        super().__init__()
        self.projector = Projector(projector)
        width = projector.token_width
        sites = {site.name.replace(".", "|"): site.channels for site in find_sites(unet)}
        self.keys = nn.ModuleDict({name: nn.Linear(width, c, bias=False) for name, c in sites.items()})
        self.values = nn.ModuleDict({name: nn.Linear(width, c, bias=False) for name, c in sites.items()})
        for value in self.values.values():
            nn.init.zeros_(value.weight)  # type: ignore[arg-type]

    def project(self, face_tokens: Tensor) -> Tensor:
        """Encoder tokens [b, t, face width] -> identity tokens [b, q, width]."""
        out: Tensor = self.projector(face_tokens)
        return out


class _Observed:
    """The observers of an attached ParallelAdapter."""

    def __init__(self) -> None:
        self.observers: list[Observer] = []


@contextmanager
def attach_parallel(unet: nn.Module, adapter: ParallelAdapter, tokens: Tensor, strength: float) -> Iterator[_Observed]:
    """Attach a ParallelAdapter with ``tokens`` [rows, q, width] inside a ``with`` block."""
    attachment = _Observed()
    handles = [_hook(site, adapter, tokens, strength, attachment) for site in find_sites(unet)]
    try:
        yield attachment
    finally:
        for handle in handles:
            handle.remove()


def _hook(
    site: Site, adapter: ParallelAdapter, tokens: Tensor, strength: float, observed: _Observed
) -> RemovableHandle:
    name = site.name.replace(".", "|")

    def add_increment(module: Any, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
        x = args[0]
        query, heads = module.to_q(x), site.heads
        key, value = adapter.keys[name](tokens), adapter.values[name](tokens)
        attended = F.scaled_dot_product_attention(
            split_heads(query, heads), split_heads(key, heads), split_heads(value, heads)
        )
        increment = strength * F.linear(merge_heads(attended), module.to_out[0].weight)
        for observer in observed.observers:
            observer(site.name, x, increment)
        return output + increment

    return site.attn2.register_forward_hook(add_increment)


def save_parallel(adapter: ParallelAdapter, path: Path, metadata: dict[str, str]) -> None:
    """Write a ParallelAdapter under its own names; no host reads this format."""
    with atomic_write(path) as part:
        save_file({name: value.contiguous() for name, value in adapter.state_dict().items()}, part, metadata)
