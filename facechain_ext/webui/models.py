"""The encoder and the adapters of this host: which there are, and the ones in use, read once."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import WeightsError
from facechain_ext.portrait.arguments import AUTOMATIC
from facechain_ext.weights import find, models_folder, require, set_models_folder

if TYPE_CHECKING:
    import torch

    from facechain_ext.adapter import FaceAdapter
    from facechain_ext.identity import TransFace

log = logging.getLogger(__name__)

ADAPTER_FOLDER = "adapters"
"""Where users put adapters of their own, below the models folder."""
_ADAPTER_SUFFIXES = {".safetensors", ".ckpt", ".pt"}
_PUBLISHED = ("adapter-majic", "adapter-film")
"""Keys in the manifest of the published adapters; the first is what "auto" means."""

_lock = threading.Lock()
_kept: dict[str, tuple[tuple[Any, ...], Any]] = {}


def use_host_folder() -> None:
    """Let the models folder be the host's ``models/FaceChain`` or what ``--facechain-models-dir`` names."""
    from modules import paths, shared

    chosen = getattr(shared.cmd_opts, "facechain_models_dir", None)
    set_models_folder(chosen or Path(paths.models_path) / "FaceChain")


def adapter_files() -> dict[str, Path]:
    """Name -> file of every adapter: the published ones that are there, then those of the adapters folder."""
    found: dict[str, Path] = {}
    for key in _PUBLISHED:
        path = find(key)
        if path is not None:
            found[key.removeprefix("adapter-")] = path
    folder = models_folder() / ADAPTER_FOLDER
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.suffix in _ADAPTER_SUFFIXES and path.is_file())
        found |= {path.stem: path for path in files}
    return found


def adapter_names() -> list[str]:
    """What the adapter's drop-down offers."""
    return [AUTOMATIC, *adapter_files()]


def chosen_adapter(name: str) -> str:
    """The adapter that ``name`` means; raises WeightsError when there is none of that name, or none at all."""
    files = adapter_files()
    if not files:
        require(_PUBLISHED[0])  # says where to get it
    if name == AUTOMATIC:
        return next(iter(files))
    if name not in files:
        raise WeightsError(f"There is no adapter called {name}; there are: {', '.join(files)}.")
    return name


def load(name: str, dtype: torch.dtype) -> FaceAdapter:
    """The adapter called ``name``, kept in memory until another one is asked for.

    Raises WeightsError when there is none of that name, or its file is not an adapter.
    """
    from facechain_ext.adapter import load_adapter

    path = adapter_files()[chosen_adapter(name)]
    adapter: FaceAdapter = _keep(
        "adapter", (path, path.stat().st_mtime_ns, dtype), lambda: load_adapter(path, dtype=dtype)
    )
    return adapter


def encoder() -> TransFace:
    """The face encoder, on the CPU: one face takes a fraction of a second there, and no video memory.

    Raises WeightsError that says how to get it when it is not there.
    """
    from facechain_ext.identity import TransFace

    path = require("transface")
    loaded: TransFace = _keep("encoder", (path, path.stat().st_mtime_ns), lambda: TransFace.from_file(path))
    return loaded


def _keep(kind: str, key: tuple[Any, ...], make: Any) -> Any:
    """What ``make`` gives, made again only when ``key`` changes; the old one is let go first."""
    with _lock:
        if kind not in _kept or _kept[kind][0] != key:
            _kept.pop(kind, None)
            _kept[kind] = (key, make())
        return _kept[kind][1]
