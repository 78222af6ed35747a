"""The PhotoMaker files of this machine, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.methods.named_files import NamedFiles

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "photomaker"
"""Where users put files of their own, below the models folder."""
PUBLISHED = ("photomaker-v1",)
"""Keys in the manifest of the published files."""
_FILES = NamedFiles(PUBLISHED, FOLDER, frozenset({".safetensors", ".bin", ".pt", ".ckpt"}), noun="PhotoMaker file")


def photomaker_files() -> dict[str, Path]:
    """Name -> file: the published ones that are there, then those of the folder."""
    return _FILES.files()


def photomaker_names() -> list[str]:
    """What a drop-down of the files holds."""
    return _FILES.choices()


def chosen_photomaker(name: str) -> str:
    """The file that ``name`` means; raises WeightsError when there is none of that name, or none at all."""
    return _FILES.choose(name)
