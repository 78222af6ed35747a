"""Files written by torch.save, rewritten as safetensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from facechain_ext.errors import WeightsError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.weights.reading import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

PICKLED = (".pt", ".pth", ".ckpt", ".bin")
"""Endings of files that torch.save writes."""


def convert(source: Path, target: Path, metadata: dict[str, str] | None = None) -> None:
    """Write the tensors of ``source`` to ``target`` as safetensors, whole or not at all.

    Names, shapes, dtypes and values stay; tensors that share memory are written one by one. Raises WeightsError when
    ``source`` is no safe weights file or the disk does not take the result.
    """
    tensors = _apart(read_state_dict(source))
    try:
        with atomic_write(target) as part:
            save_file(tensors, part, metadata={"format": "pt", **(metadata or {})})
    except SafetensorError as error:
        raise WeightsError(f"{target.name} cannot be written ({error}). Look whether the disk is full.") from error


def _apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors, each alone and contiguous in its memory; copied only where they are not."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        alone = tensor.is_contiguous() and storage.nbytes() == tensor.numel() * tensor.element_size()
        fresh = alone and storage.data_ptr() not in seen
        seen.add(storage.data_ptr())
        apart[name] = tensor if fresh else tensor.clone(memory_format=torch.contiguous_format)
    return apart
