"""Identities of people: encoding photos, cards and their library, likeness."""

from __future__ import annotations

from facechain_ext.identity.encode import (
    EncodedFace,
    PhotoFact,
    PreparedFace,
    clear_encoded_photos,
    encode_photo,
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
    "clear_encoded_photos",
    "encode_photo",
    "likeness",
    "prepare_face",
]
