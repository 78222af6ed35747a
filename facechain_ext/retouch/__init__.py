"""Fusing and retouching faces. Importing this loads no image library and no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.faces.types import Availability
    from facechain_ext.retouch.fuse.blend import blend_face
    from facechain_ext.retouch.skin_retouch import retouch_skin

__all__ = ["availability", "blend_face", "retouch_skin"]

__getattr__ = lazy_names(__name__, {"fuse.blend": ("blend_face",), "skin_retouch": ("retouch_skin",)})


def availability() -> tuple[Availability, ...]:
    """Every provider of facts and pixels of faces, best first, and what would make it work. Loads no network."""
    from facechain_ext import faces
    from facechain_ext.retouch import fuse, skin_retouch

    return (*faces.availability(), *fuse.availability(), *skin_retouch.availability())
