"""Detail: the faces of a finished picture painted anew at their own resolution, each with its person's identity."""

from __future__ import annotations

from facechain_ext.recipes.detail.matching import FaceMatch, match_faces
from facechain_ext.recipes.detail.recipe import DETAIL_SETTINGS, repair_faces

__all__ = ["DETAIL_SETTINGS", "FaceMatch", "match_faces", "repair_faces"]
