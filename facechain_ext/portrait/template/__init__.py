"""Template portraits: people into a given picture, everything else of it untouched."""

from __future__ import annotations

from facechain_ext.portrait.template.canvas import Canvas, read_canvas
from facechain_ext.portrait.template.gallery import TemplateGallery
from facechain_ext.portrait.template.recipe import QUALITIES, Guest, Settings, TemplateResult, make
from facechain_ext.portrait.template.seats import Seat, find_seats, numbered

__all__ = [
    "QUALITIES", "Canvas", "Guest", "Seat", "Settings", "TemplateGallery", "TemplateResult", "find_seats", "make",
    "numbered", "read_canvas",
]  # fmt: skip
