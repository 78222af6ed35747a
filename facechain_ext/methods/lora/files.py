"""The file of a person's LoRA: found by its name in the host's folders, known again by its weights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from facechain_ext.weights import models_folder
from facechain_ext.weights.folders import host_lora_folders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.identity.card_lora import CardLora

_SAMPLED = 64
"""Numbers of each tensor that the digest reads: a LoRA of rank 128 has 150 MB."""


def lora_file(lora: CardLora) -> Path | None:
    """The file that a card names, in the host's LoRA folders or ours; None where it is not there."""
    for folder in (*host_lora_folders(), models_folder() / "lora"):
        if folder.is_dir():
            direct = folder / lora.file
            if direct.is_file():
                return direct
            found = next((path for path in sorted(folder.rglob("*.safetensors")) if path.name == lora.file), None)
            if found is not None:
                return found
    return None


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """Twelve hexadecimal digits of names, shapes and the first numbers of every tensor."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.flatten()[:_SAMPLED].float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def read_lora(path: Path) -> dict[str, Tensor]:
    """The tensors of a LoRA's file; raises WeightsError when it cannot be read."""
    from facechain_ext.weights.reading import read_state_dict

    return read_state_dict(path)
