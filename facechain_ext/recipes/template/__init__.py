"""Template portraits: people into a given picture, everything else of it untouched."""

from __future__ import annotations

from facechain_ext.recipes.template.faces import TemplateFace, draw_face_numbers, find_template_faces
from facechain_ext.recipes.template.gallery import TemplateGallery
from facechain_ext.recipes.template.image import TemplateImage, read_template
from facechain_ext.recipes.template.qualities import QUALITIES
from facechain_ext.recipes.template.recipe import TemplateResult, make
from facechain_ext.recipes.template.settings import FaceSource, Settings

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
    "read_template",
]  # fmt: skip
