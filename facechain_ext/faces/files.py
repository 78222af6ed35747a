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
    return weights.find("scrfd") or _onnx_named("*scrfd*.onnx", "*damofd*.onnx", "det_*.onnx")


def arcface_file() -> Path | None:
    """A recognition network of insightface's as ONNX: from the manifest, the models folder, or insightface's own."""
    return weights.find("arcface") or _onnx_named("w600k_*.onnx", "glintr100.onnx")


def _onnx_named(*patterns: str) -> Path | None:
    """The first file of such a name in our models folder, the host's insightface folder, or the user's."""
    own = weights.models_folder()
    insightface = Path(os.environ.get("INSIGHTFACE_HOME", "~/.insightface")).expanduser() / "models"
    for folder, depth in ((own, ""), (own.parent / "insightface", "**/"), (insightface, "*/")):
        for pattern in patterns:
            for path in sorted(folder.glob(f"{depth}{pattern}")):
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
