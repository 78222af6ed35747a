"""From photos of a person to an Identity that a face adapter can use."""

from __future__ import annotations

from facechain_ext.identity.transface import TransFace, TransFaceSizes

__all__ = ["TransFace", "TransFaceSizes"]
