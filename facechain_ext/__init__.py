"""Portraits of a real person from one photo, inside an unmodified Stable Diffusion U-Net (FaceChain-FACT).

Importing this loads nothing: the module of a public name is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.errors import Cancelled, FaceChainError, HostError, InputError, PhotoError, WeightsError
    from facechain_ext.faces import read_picture
    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.identity import Identity, TransFace, likeness
    from facechain_ext.identity.library import CardLibrary
    from facechain_ext.methods.fact import attach, load_adapter
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Person, Portrait

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

__getattr__ = lazy_names(
    __name__,
    {
        "errors": ("Cancelled", "FaceChainError", "HostError", "InputError", "PhotoError", "WeightsError"),
        "faces": ("read_picture",),
        "hosts.diffusers": ("DiffusersHost",),
        "identity": ("Identity", "TransFace", "likeness"),
        "identity.library": ("CardLibrary",),
        "methods.fact": ("attach", "load_adapter"),
        "recipes.host": ("Host",),
        "recipes.job": ("Job", "Person", "Portrait"),
    },
)
