"""Pixels of faces: fusing, retouching, restoring. Importing this loads no image library and no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facechain_ext.faces.types import Availability
    from facechain_ext.retouch.fuse.blend import blend_face
    from facechain_ext.retouch.skin_retouch import retouch_skin

__all__ = ["availability", "blend_face", "retouch_skin"]

_MODULE_OF = {"blend_face": "fuse.blend", "retouch_skin": "skin_retouch"}


def availability() -> tuple[Availability, ...]:
    """Every provider of facts and pixels of faces, best first, and what would make it work. Loads no network."""
    from facechain_ext import faces
    from facechain_ext.retouch import fuse, restore, skin_retouch

    return (*faces.availability(), *fuse.availability(), *skin_retouch.availability(), *restore.availability())


def __getattr__(name: str) -> Any:
    """Load the module of a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
