"""The face adapters of this machine, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.weights import find, models_folder, require

if TYPE_CHECKING:
    from pathlib import Path

AUTOMATIC = "auto"
"""The adapter's name that means: the first one there is."""
ADAPTER_FOLDER = "adapters"
"""Where users put adapters of their own, below the models folder."""
_SUFFIXES = {".safetensors", ".ckpt", ".pt"}
PUBLISHED = ("adapter-majic", "adapter-film")
"""Keys in the manifest of the published adapters; the first is what "auto" means."""


def adapter_files() -> dict[str, Path]:
    """Name -> file of every adapter: the published ones that are there, then those of the adapters folder."""
    found: dict[str, Path] = {}
    for key in PUBLISHED:
        path = find(key)
        if path is not None:
            found[key.removeprefix("adapter-")] = path
    folder = models_folder() / ADAPTER_FOLDER
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
        found |= {path.stem: path for path in files}
    return found


def adapter_names() -> list[str]:
    """What an adapter's drop-down offers."""
    return [AUTOMATIC, *adapter_files()]


def chosen_adapter(name: str) -> str:
    """The adapter that ``name`` means; raises WeightsError when there is none of that name, or none at all."""
    files = adapter_files()
    if not files:
        require(PUBLISHED[0])  # says where to get it
    if name == AUTOMATIC:
        return next(iter(files))
    if name not in files:
        raise WeightsError(f"There is no adapter called {name}; there are: {', '.join(files)}.")
    return name
