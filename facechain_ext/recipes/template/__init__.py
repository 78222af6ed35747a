"""Template portraits: people into a given picture, everything else of it untouched."""

from __future__ import annotations

from facechain_ext.recipes.template.faces import TemplateFace, face_number, find_seats, numbered
from facechain_ext.recipes.template.gallery import TemplateGallery
from facechain_ext.recipes.template.image import TemplateImage, read_canvas
from facechain_ext.recipes.template.recipe import TemplateResult, find_choices, make
from facechain_ext.recipes.template.settings import QUALITIES, FaceSource, Settings

__all__ = [
    "QUALITIES",
    "FaceSource",
    "Settings",
    "TemplateFace",
    "TemplateGallery",
    "TemplateImage",
    "TemplateResult",
    "face_number",
    "find_choices",
    "find_seats",
    "make",
    "numbered",
    "read_canvas",
]  # fmt: skip
