"""Template portraits: people into a given picture, everything else of it untouched."""

from __future__ import annotations

from facechain_ext.recipes.template.faces import TemplateFace, draw_face_numbers, find_template_faces, parse_face_number
from facechain_ext.recipes.template.gallery import TemplateGallery
from facechain_ext.recipes.template.image import TemplateImage, read_template
from facechain_ext.recipes.template.recipe import TemplateResult, make, resolve_actions
from facechain_ext.recipes.template.settings import QUALITIES, FaceSource, Settings

__all__ = [
    "QUALITIES",
    "FaceSource",
    "Settings",
    "TemplateFace",
    "TemplateGallery",
    "TemplateImage",
    "TemplateResult",
    "draw_face_numbers",
    "find_template_faces",
    "make",
    "parse_face_number",
    "read_template",
    "resolve_actions",
]  # fmt: skip
