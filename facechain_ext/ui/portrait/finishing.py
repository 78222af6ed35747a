"""What finishes the Portrait page's pictures: the tools of the form, and the photos that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext import faces
from facechain_ext.recipes.tools import fusion, retouching

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.ui.portrait.form import FormValues
    from facechain_ext.ui.portrait.person_request import PersonRequest


def face_tools(form: FormValues) -> list[FaceTool]:
    """The tools that the form asks for; a face is fused where one person is in the picture."""
    tools: list[FaceTool] = [fusion()] if form["fuse"] and not form["others"].strip() else []
    return [*tools, retouching()] if form["retouch"] else tools


def source_photos(person: PersonRequest) -> tuple[Path, ...]:
    """The photos that a person was given by; none for a card."""
    return () if person.card else person.photos


def fusion_photo(person: PersonRequest, form: FormValues) -> Image.Image | None:
    """The photo whose face is fused: the first one; None with a card."""
    if person.card or not person.photos or not form["fuse"]:
        return None
    return Image.fromarray(faces.read_picture(person.photos[0]).pixels)
