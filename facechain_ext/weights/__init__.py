"""Weights: the manifest, downloads, and reading files without running code. Importing this loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names
from facechain_ext.storage.paths import safe_child, safe_name
from facechain_ext.weights.folders import models_folder, set_models_folder
from facechain_ext.weights.store import find, require

if TYPE_CHECKING:
    from facechain_ext.weights.download import pull
    from facechain_ext.weights.reading import read_state_dict

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

__getattr__ = lazy_names(__name__, {"download": ("pull",), "reading": ("read_state_dict",)})
