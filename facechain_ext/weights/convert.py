"""Conversion of files of torch.save to safetensors."""

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
"""File name extensions of torch.save."""


def convert(source: Path, target: Path, metadata: dict[str, str] | None = None) -> None:
    """Write the tensors of ``source`` to ``target`` as safetensors, atomically.

    Names, shapes, dtypes and values are kept; tensors that share memory are written separately. Raises WeightsError
    when ``source`` is no safe weights file or ``target`` cannot be written.
    """
    tensors = _separate(read_state_dict(source))
    try:
        with atomic_write(target) as part:
            save_file(tensors, part, metadata={"format": "pt", **(metadata or {})})
    except SafetensorError as error:
        raise WeightsError(f"{target.name} cannot be written ({error}). Look whether the disk is full.") from error


def _separate(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors, each contiguous and with a storage of its own; copied only where they are not."""
    used_storages: set[int] = set()
    separate = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        fills_storage = tensor.is_contiguous() and storage.nbytes() == tensor.numel() * tensor.element_size()
        is_separate = fills_storage and storage.data_ptr() not in used_storages
        used_storages.add(storage.data_ptr())
        separate[name] = tensor if is_separate else tensor.clone(memory_format=torch.contiguous_format)
    return separate
