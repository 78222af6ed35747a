"""Files written by torch.save, rewritten as safetensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import save_file

from facechain_ext.weights.reading import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

PICKLED = (".pt", ".pth", ".ckpt", ".bin")
"""Endings of files that torch.save writes."""


def convert(source: Path, target: Path, metadata: dict[str, str] | None = None) -> None:
    """Write the tensors of ``source`` to ``target`` as safetensors, whole or not at all.

    Names, shapes, dtypes and values stay; tensors that share memory are written one by one. Raises WeightsError when
    ``source`` is no safe weights file, and OSError when the disk does not take the result.
    """
    tensors = {name: tensor.clone().contiguous() for name, tensor in read_state_dict(source).items()}
    part = target.with_name(f"{target.name}.writing")
    try:
        save_file(tensors, part, metadata={"format": "pt", **(metadata or {})})
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
