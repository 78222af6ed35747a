"""Weights: what there is, where it comes from, getting it, and reading it safely. Importing this loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.weights.folders import models_folder, safe_child, safe_name, set_models_folder

if TYPE_CHECKING:
    from pathlib import Path

    import torch

__all__ = ["models_folder", "read_state_dict", "safe_child", "safe_name", "set_models_folder"]


def read_state_dict(path: Path | str) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name; see ``facechain_ext.weights.reading.read_state_dict``."""
    from facechain_ext.weights.reading import read_state_dict as read  # noqa: PLC0415 - torch takes a second to import

    return read(path)
