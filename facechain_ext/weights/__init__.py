"""Weights: the manifest, downloads, and reading files without running code. Importing this loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.storage.paths import safe_child, safe_name
from facechain_ext.weights.folders import models_folder, set_models_folder
from facechain_ext.weights.store import find, require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from facechain_ext.weights.transfer import Progress

__all__ = [
    "find",
    "models_folder",
    "pull",
    "read_state_dict",
    "require",
    "safe_child",
    "safe_name",
    "set_models_folder",
]


def read_state_dict(path: Path | str) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name; see ``facechain_ext.weights.reading.read_state_dict``."""
    from facechain_ext.weights.reading import read_state_dict as read  # noqa: PLC0415 - torch takes a second to import

    return read(path)


def pull(
    key: str,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    hub: str | None = None,
) -> Path:
    """Download weights unless they are there; see ``facechain_ext.weights.download.pull``."""
    from facechain_ext.weights.download import pull as download  # noqa: PLC0415 - torch takes a second to import

    return download(key, progress=progress, cancel=cancel, hub=hub)
