"""Face fusion: blending the user's face onto a generated or template face."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.faces.types import Availability
from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.retouch.fuse.blend import blend_face

__all__ = ["availability", "blend_face"]

__getattr__ = lazy_names(__name__, {"blend": ("blend_face",)})


def availability() -> tuple[Availability, ...]:
    """The ways to fuse faces, best first."""
    from facechain_ext.faces import mediapipe_wheel
    from facechain_ext.retouch import sandbox

    mesh = not mediapipe_wheel.remedy()
    detail = "own blend over the face mesh" if mesh else "own blend over five landmarks; the face mesh makes it better"
    own = Availability("face fusion", "blend", ready=True, detail=detail)
    return (sandbox.availability("face fusion", "face-fusion", "U-Net by modelscope, as published"), own)
