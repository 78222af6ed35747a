"""Pictures in, facts about faces out. Importing this loads no image library and no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

_HOME = {
    "align": "alignment",
    "check_face": "face_choice",
    "choose_face": "face_choice",
    "number_faces": "face_choice",
    "Picture": "picture",
    "read_picture": "picture",
    "assess_quality": "quality",
    "Quality": "quality",
    "availability": "selection",
    "Availability": "types",
    "detector": "selection",
    "head_masker": "selection",
    "Detector": "types",
    "Face": "types",
    "HeadMask": "types",
    "HeadMasker": "types",
    "clear_detections": "detect.cached",
    "recogniser": "selection",
    "Recogniser": "types",
}


def __getattr__(name: str) -> Any:
    """Load the module of a public name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
