"""Pillow's own font for labels on sheets."""

from __future__ import annotations

from PIL import ImageFont


def label_font(size: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font at ``size`` pixels; before Pillow 10.1, as in the webui, it comes in one size only."""
    try:
        return ImageFont.load_default(size=size)
    except TypeError:
        return ImageFont.load_default()
