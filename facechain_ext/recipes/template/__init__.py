"""Template portraits: people into a given picture, everything else of it untouched. Importing this loads no module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.recipes.template.faces import TemplateFace, draw_face_numbers, find_template_faces
    from facechain_ext.recipes.template.from_words import SceneResult, make_from_words
    from facechain_ext.recipes.template.gallery import TemplateGallery
    from facechain_ext.recipes.template.image import TemplateImage, read_template
    from facechain_ext.recipes.template.qualities import QUALITIES
    from facechain_ext.recipes.template.recipe import TemplateResult, make
    from facechain_ext.recipes.template.scene import Scene
    from facechain_ext.recipes.template.settings import FaceSource, Settings

__all__ = [
    "QUALITIES",
    "FaceSource",
    "Scene",
    "SceneResult",
    "Settings",
    "TemplateFace",
    "TemplateGallery",
    "TemplateImage",
    "TemplateResult",
    "draw_face_numbers",
    "find_template_faces",
    "make",
    "make_from_words",
    "read_template",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "faces": ("TemplateFace", "draw_face_numbers", "find_template_faces"),
        "from_words": ("SceneResult", "make_from_words"),
        "gallery": ("TemplateGallery",),
        "image": ("TemplateImage", "read_template"),
        "qualities": ("QUALITIES",),
        "recipe": ("TemplateResult", "make"),
        "scene": ("Scene",),
        "settings": ("FaceSource", "Settings"),
    },
)
