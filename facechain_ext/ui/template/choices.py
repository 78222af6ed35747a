"""Who a template's face becomes, as the page writes it: kept, pixelated, a photo or a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.identity.library import CardLibrary

if TYPE_CHECKING:
    from collections.abc import Sequence

KEEP, PIXELATE = "keep", "pixelate"
PHOTO, CARD = "photo: ", "card: "
"""Prefixes of choices that name an uploaded photo or a card."""
MAX_FACES = 10
"""Faces that have a drop-down; further faces stay unchanged."""


def face_choices(photos: Sequence[str]) -> list[str]:
    """The choices for a face: keep, pixelate, an uploaded photo, or a card."""
    return [KEEP, PIXELATE, *(PHOTO + name for name in photos), *(CARD + name for name in CardLibrary().names())]
