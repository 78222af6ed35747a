"""Portraits of a real person from one photo, inside an unmodified Stable Diffusion U-Net (FaceChain-FACT).

Importing this loads nothing: the module of a public name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facechain_ext.errors import Cancelled, FaceChainError, HostError, InputError, PhotoError, WeightsError
    from facechain_ext.faces import read_picture
    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.identity import Identity, TransFace, likeness
    from facechain_ext.identity.library import CardLibrary
    from facechain_ext.methods.fact import attach, load_adapter
    from facechain_ext.recipes.job import Host, Job, Person, Portrait

__version__ = "0.2.0"

__all__ = [
    "Cancelled",
    "CardLibrary",
    "DiffusersHost",
    "FaceChainError",
    "Host",
    "HostError",
    "Identity",
    "InputError",
    "Job",
    "Person",
    "PhotoError",
    "Portrait",
    "TransFace",
    "WeightsError",
    "attach",
    "likeness",
    "load_adapter",
    "read_picture",
]

_MODULE_OF = {
    **dict.fromkeys(("Cancelled", "FaceChainError", "HostError", "InputError", "PhotoError", "WeightsError"), "errors"),
    **dict.fromkeys(("Host", "Job", "Person", "Portrait"), "recipes.job"),
    **dict.fromkeys(("Identity", "TransFace", "likeness"), "identity"),
    **dict.fromkeys(("attach", "load_adapter"), "methods.fact"),
    "CardLibrary": "identity.library",
    "DiffusersHost": "hosts.diffusers",
    "read_picture": "faces",
}


def __getattr__(name: str) -> Any:
    """Load the module of a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
