"""The face adapters of this machine, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.methods.named_files import NamedFiles

if TYPE_CHECKING:
    from pathlib import Path

ADAPTER_FOLDER = "adapters"
"""Where users put adapters of their own, below the models folder."""
PUBLISHED = ("adapter-majic", "adapter-film")
"""Keys in the manifest of the published adapters; the first is what "auto" means."""
_FILES = NamedFiles(
    PUBLISHED, ADAPTER_FOLDER, frozenset({".safetensors", ".ckpt", ".pt"}), noun="adapter", prefix="adapter-"
)


def adapter_files() -> dict[str, Path]:
    """Name -> file of every adapter: the published ones that are there, then those of the adapters folder."""
    return _FILES.files()


def adapter_names() -> list[str]:
    """What an adapter's drop-down holds."""
    return _FILES.choices()


def chosen_adapter(name: str) -> str:
    """The adapter that ``name`` means; raises WeightsError when there is none of that name, or none at all."""
    return _FILES.choose(name)
