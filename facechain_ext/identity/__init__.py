"""Identities of people: encoding photos, cards and their library, likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
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

__getattr__ = lazy_names(
    __name__,
    {
        "encode": (
            "EncodedFace",
            "PhotoFact",
            "PreparedFace",
            "clear_encoded_photos",
            "encode_photo",
            "prepare_face",
        ),
        "identity": (
            "Conditioning",
            "Identity",
            "likeness",
        ),
        "transface": (
            "TransFace",
            "TransFaceSizes",
        ),
    },
)
