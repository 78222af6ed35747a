"""Pictures for the styles of the catalogue, drawn from their own words and tags by a seeded painter."""

from __future__ import annotations

from research.style_pictures.painter import paint

__all__ = ["paint"]
