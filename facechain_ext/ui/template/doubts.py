"""What will suffer in a template portrait, said while its faces are chosen; independent of gradio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import FaceChainError
from facechain_ext.recipes.template import find_template_faces, read_template
from facechain_ext.recipes.template.actions import parse_face_choices, resolve_actions
from facechain_ext.recipes.template.qualities import QUALITIES
from facechain_ext.recipes.template.source_photo import doubts_before
from facechain_ext.ui.template.choices import KEEP, PIXELATE
from facechain_ext.ui.template.jobs import TemplateRequest, load_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.ui.host import PageHost


def choice_doubts(
    host: PageHost, template: Path, photos: Mapping[str, Path], quality: str, choices: Sequence[str]
) -> list[str]:
    """Sentences on the photos that do not suit the faces they are chosen for; empty where faces are painted.

    What cannot be used at all is left to ``generate_template``, which says so.
    """
    chosen = {number: one for number, one in enumerate(choices, 1) if one and one not in (KEEP, PIXELATE)}
    if not chosen or QUALITIES[quality].paints:
        return []
    request = TemplateRequest(template, tuple(choices), photos, quality)
    try:
        image = read_template(template)
        targets = find_template_faces(image.pixels)
        actions, _ = resolve_actions(
            parse_face_choices((str(number), one) for number, one in chosen.items() if number <= len(targets)),
            lambda choice: load_source(host, request, choice),
        )
    except FaceChainError:
        return []
    return doubts_before(image.pixels, targets, actions, faces.detector())
