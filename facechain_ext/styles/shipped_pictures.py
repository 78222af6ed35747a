"""The pictures that come with the styles of the catalogue."""

from __future__ import annotations

from pathlib import Path

from facechain_ext.styles.catalogue import catalogue

PICTURES = Path(__file__).with_name("pictures")


def shipped_picture(key: str) -> Path | None:
    """The drawn picture of a style of the catalogue, a square WebP; None for a style of the user."""
    return PICTURES / f"{key}.webp" if key in catalogue() else None
