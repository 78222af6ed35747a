"""Where the networks of faces lie on this disk, and filling a network with a file. Nothing here downloads."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import weights
from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch


def facexlib_file(key: str, original: str) -> Path | None:
    """The file of one of facexlib's networks: ours by manifest ``key``, else one that a host fetched as ``original``.

    A webui keeps them inside the package (facexlib/weights), or beside GFPGAN and CodeFormer in its models folder.
    """
    found = weights.find(key)
    if found is not None:
        return found
    return next((path for folder in _facexlib_folders() if (path := folder / original).is_file()), None)


def _facexlib_folders() -> Iterator[Path]:
    for entry in sys.path:
        yield Path(entry) / "facexlib" / "weights"
    host_models = weights.models_folder().parent
    for name in ("facexlib", "GFPGAN", "Codeformer"):
        yield host_models / name


def scrfd_file() -> Path | None:
    """An SCRFD network as ONNX: from the manifest, any named so in the models folder, or insightface's own."""
    found = weights.find("scrfd")
    if found is not None:
        return found
    own = weights.models_folder()
    insightface = Path(os.environ.get("INSIGHTFACE_HOME", "~/.insightface")).expanduser() / "models"
    for folder, patterns in (
        (own, ("*scrfd*.onnx", "*damofd*.onnx", "det_*.onnx")),
        (own.parent / "insightface", ("**/det_*.onnx", "**/*scrfd*.onnx")),
        (insightface, ("*/det_*.onnx", "*/*scrfd*.onnx")),
    ):
        for pattern in patterns:
            for path in sorted(folder.glob(pattern)):
                return path
    return None


def load_into(network: torch.nn.Module, state: dict[str, torch.Tensor], path: Path) -> None:
    """Fill ``network`` with ``state``, for inference; raises WeightsError that names the first key that differs."""
    wanted = network.state_dict()
    for key, value in wanted.items():
        if key.endswith("num_batches_tracked"):  # a counter of training that older files lack
            state.setdefault(key, value)
        if key not in state:
            raise WeightsError(f"{path.name} lacks {key}; it is another network, or only part of this one.")
        if state[key].shape != value.shape:
            raise WeightsError(f"{path.name}: {key} is {list(state[key].shape)}, expected {list(value.shape)}.")
    surplus = next((key for key in state if key not in wanted), None)
    if surplus is not None:
        raise WeightsError(f"{path.name} has {surplus}, which this network lacks; it is another network.")
    network.load_state_dict(state)
    network.eval()
