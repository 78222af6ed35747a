"""Pictures in, facts about faces out. Importing this loads no image library and no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.faces.alignment import align
    from facechain_ext.faces.detect.cached import clear_detections
    from facechain_ext.faces.face_choice import check_face, choose_face, number_faces
    from facechain_ext.faces.picture import Picture, read_picture
    from facechain_ext.faces.quality import Quality, assess_quality
    from facechain_ext.faces.selection import availability, detector, head_masker, recogniser
    from facechain_ext.faces.types import Availability, Detector, Face, HeadMask, HeadMasker, Recogniser

__all__ = [
    "Availability",
    "Detector",
    "Face",
    "HeadMask",
    "HeadMasker",
    "Picture",
    "Quality",
    "Recogniser",
    "align",
    "assess_quality",
    "availability",
    "check_face",
    "choose_face",
    "clear_detections",
    "detector",
    "head_masker",
    "number_faces",
    "read_picture",
    "recogniser",
]

__getattr__ = lazy_names(
    __name__,
    {
        "alignment": ("align",),
        "detect.cached": ("clear_detections",),
        "face_choice": ("check_face", "choose_face", "number_faces"),
        "picture": ("Picture", "read_picture"),
        "quality": ("Quality", "assess_quality"),
        "selection": ("availability", "detector", "head_masker", "recogniser"),
        "types": ("Availability", "Detector", "Face", "HeadMask", "HeadMasker", "Recogniser"),
    },
)
