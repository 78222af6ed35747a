"""From photos of a person to an Identity that a face adapter can use."""

from __future__ import annotations

from facechain_ext.identity.encode import (
    EncodedFace,
    PhotoFact,
    PreparedFace,
    encode_photo,
    forget_photos,
    prepare_face,
)
from facechain_ext.identity.identity import Conditioning, Identity, likeness
from facechain_ext.identity.transface import TransFace, TransFaceSizes

__all__ = [
    "Conditioning",
    "EncodedFace",
    "Identity",
    "PhotoFact",
    "PreparedFace",
    "TransFace",
    "TransFaceSizes",
    "encode_photo",
    "forget_photos",
    "likeness",
    "prepare_face",
]
