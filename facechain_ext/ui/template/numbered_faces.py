"""A template with numbers on its faces, and what a click on one of them means; independent of gradio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.recipes.template import draw_face_numbers, find_template_faces, read_template

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image


@dataclass(frozen=True, eq=False)
class NumberedFaces:
    """A template with numbers drawn on its faces, and the face boxes (x0, y0, x1, y1) from the left, in pixels."""

    picture: Image.Image
    boxes: tuple[tuple[float, float, float, float], ...]


def number_faces(template: Path) -> NumberedFaces:
    """Detect and number the faces of a template; raises PhotoError when there is none."""
    image = read_template(template)
    template_faces = find_template_faces(image.pixels)
    return NumberedFaces(
        draw_face_numbers(image.pixels, template_faces),
        tuple(one.face.box for one in template_faces),
    )


def face_at(boxes: Sequence[Sequence[float]], x: float, y: float) -> int | None:
    """The number, from 1, of the face box that contains a point, the nearest centre first; None outside all boxes."""
    inside = [
        ((x - (left + right) / 2) ** 2 + (y - (top + bottom) / 2) ** 2, number)
        for number, (left, top, right, bottom) in enumerate(boxes, 1)
        if left <= x <= right and top <= y <= bottom
    ]
    return min(inside)[1] if inside else None


def next_choice(choices: Sequence[str], current: str) -> str:
    """The choice after ``current``, cyclically; the first one for an unknown choice."""
    return choices[(choices.index(current) + 1) % len(choices)] if current in choices else choices[0]
