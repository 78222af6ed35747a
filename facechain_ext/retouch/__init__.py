"""Fusing, retouching and restoring faces. Importing this loads no image library and no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facechain_ext.faces.types import Availability
    from facechain_ext.retouch.fuse.blend import blend_face
    from facechain_ext.retouch.skin_retouch import retouch_skin

__all__ = ["availability", "blend_face", "retouch_skin"]

_MODULES = {"blend_face": "fuse.blend", "retouch_skin": "skin_retouch"}


def availability() -> tuple[Availability, ...]:
    """Every provider of facts and pixels of faces, best first, and what would make it work. Loads no network."""
    from facechain_ext import faces
    from facechain_ext.retouch import fuse, restore, skin_retouch

    return (*faces.availability(), *fuse.availability(), *skin_retouch.availability(), *restore.availability())


def __getattr__(name: str) -> object:
    """Import the module of a public name at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
