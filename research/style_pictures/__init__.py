"""Preview pictures of the catalogue's styles, painted from their prompts and tags with a seed."""

from __future__ import annotations

from research.style_pictures.painter import paint

__all__ = ["paint"]
