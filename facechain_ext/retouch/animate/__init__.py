"""A still portrait in motion: mouth, eyelids and head moved on the face mesh, without a network of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.retouch.animate.motion import FaceMotion
    from facechain_ext.retouch.animate.portrait import PortraitAnimator

__all__ = ["FaceMotion", "PortraitAnimator"]

__getattr__ = lazy_names(__name__, {"motion": ("FaceMotion",), "portrait": ("PortraitAnimator",)})
