"""Pictures into which a validation paints the person: the user's, or drawn by the checkpoint before it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.recipes.job import Job
from facechain_ext.training_runs.pictures import centre_square, picture_files

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Detector, Face
    from facechain_ext.recipes.host import Host

COUNT = 4
"""Templates of one validation (EasyPhoto's)."""
_BOX = 1.3
"""Side of the painted box in sides of the face (EasyPhoto's)."""
_SCENES = (
    "head and shoulders, in a park, daylight",
    "portrait, grey studio background, soft light",
    "portrait, in a street, evening light",
    "close-up, white wall, window light",
)
_STEPS, _CFG, _SEED = 20, 7.0, 20_000


@dataclass(frozen=True, eq=False)
class ValidationTemplate:
    """A square picture, and the mask of what is painted anew, white on black."""

    picture: Image.Image
    mask: Image.Image


def folder_templates(folder: Path, size: int, detector: Detector) -> list[ValidationTemplate]:
    """The first four pictures of a folder that show a face; raises PhotoError when none does."""
    found: list[ValidationTemplate] = []
    for path in picture_files(folder) if folder.is_dir() else []:
        square = centre_square(faces.read_picture(path).pixels, size)
        template = _template(Image.fromarray(square), detector)
        found += [template] if template is not None and len(found) < COUNT else []
    if not found:
        raise PhotoError(f"{folder} has no picture with a face to paint into; choose another folder, or none.")
    return found


def drawn_templates(host: Host, class_word: str, size: int, detector: Detector) -> list[ValidationTemplate]:
    """Pictures of a stranger by the checkpoint, those in which a face is found; it may be none."""
    drawn = []
    for number, scene in enumerate(_SCENES):
        job = Job(
            f"photo of a {class_word}, {scene}", "lowres, bad anatomy", seed=_SEED + number, steps=_STEPS, cfg=_CFG,
            width=size, height=size,
        )  # fmt: skip
        drawn += [portrait.picture for portrait in host.generate(job)]
    return [one for picture in drawn if (one := _template(picture, detector)) is not None]


def _template(picture: Image.Image, detector: Detector) -> ValidationTemplate | None:
    picture = picture.convert("RGB")
    found = detector.detect(np.array(picture))
    if not found:
        return None
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).rectangle(_widened(found[0]), fill=255)
    return ValidationTemplate(picture, mask)


def _widened(face: Face) -> tuple[float, float, float, float]:
    left, top, right, bottom = face.box
    dx, dy = (right - left) * (_BOX - 1) / 2, (bottom - top) * (_BOX - 1) / 2
    return left - dx, top - dy, right + dx, bottom + dy
