"""Template portraits: people into a given picture, everything else of it untouched."""

from __future__ import annotations

from facechain_ext.recipes.template.faces import Seat, face_number, find_seats, numbered
from facechain_ext.recipes.template.gallery import TemplateGallery
from facechain_ext.recipes.template.image import Canvas, read_canvas
from facechain_ext.recipes.template.recipe import TemplateResult, find_choices, make
from facechain_ext.recipes.template.settings import QUALITIES, Guest, Settings

__all__ = [
    "QUALITIES", "Canvas", "Guest", "Seat", "Settings", "TemplateGallery", "TemplateResult", "face_number",
    "find_choices", "find_seats", "make", "numbered", "read_canvas",
]  # fmt: skip
