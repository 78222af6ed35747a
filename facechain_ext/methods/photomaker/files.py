"""The PhotoMaker files of this machine, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.weights import find, models_folder, require

if TYPE_CHECKING:
    from pathlib import Path

AUTOMATIC = "auto"
"""The name that means: the first file there is."""
FOLDER = "photomaker"
"""Where users put files of their own, below the models folder."""
PUBLISHED = ("photomaker-v1",)
"""Keys in the manifest of the published files."""
_SUFFIXES = {".safetensors", ".bin", ".pt", ".ckpt"}


def photomaker_files() -> dict[str, Path]:
    """Name -> file: the published ones that are there, then those of the folder."""
    found: dict[str, Path] = {}
    for key in PUBLISHED:
        path = find(key)
        if path is not None:
            found[key] = path
    folder = models_folder() / FOLDER
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
        found |= {path.stem: path for path in files if path.stem not in found}
    return found


def photomaker_names() -> list[str]:
    """What a drop-down of the files offers."""
    return [AUTOMATIC, *photomaker_files()]


def chosen_photomaker(name: str) -> str:
    """The file that ``name`` means; raises WeightsError when there is none of that name, or none at all."""
    files = photomaker_files()
    if not files:
        require(PUBLISHED[0])  # says where to get it
    if name == AUTOMATIC:
        return next(iter(files))
    if name not in files:
        raise WeightsError(f"There is no PhotoMaker file called {name}; there are: {', '.join(files)}.")
    return name
