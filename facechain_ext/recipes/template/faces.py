"""The faces of a template, numbered left to right, and the picture that shows the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.retouch.fuse.occlusion import occlusion_mask
from facechain_ext.text_values import read_integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Detector, Face, HeadMasker, Mask, Pixels

_COLOUR, _INK = (255, 208, 0), (20, 20, 20)
_FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True, eq=False)
class TemplateFace:
    """One face of a template: its number from 1, where it is, and which pixels are its (bool [h, w]).

    With hair where the faces were found so. ``covered`` are the pixels of what lies before it (bool [h, w]), which are
    none of ``mask`` and stay as they are when somebody is put in.
    """

    number: int
    face: Face
    mask: Mask
    covered: Mask


def find_template_faces(
    pixels: Pixels, detector: Detector | None = None, masker: HeadMasker | None = None, *, hair: bool = False
) -> list[TemplateFace]:
    """The faces of a template, left to right; where masks touch, a pixel belongs to the nearer face.

    With ``hair`` the masks are those of the heads. Raises PhotoError when there is no face.
    """
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    found = faces.number_faces(detector.detect(pixels))
    if not found:
        raise PhotoError("No face was found in the template; choose one in which faces are seen from the front.")
    masks = [_mask(pixels, face, masker, hair=hair) for face in found]
    claims = np.zeros(pixels.shape[:2], np.uint8)
    for mask in masks:
        claims += mask
    crowded = claims > 1
    if crowded.any():
        rows, columns = np.nonzero(crowded)
        middles = np.array([f.centre for f in found])
        distance = np.hypot(columns[:, None] - middles[:, 0], rows[:, None] - middles[:, 1])
        nearest = distance.argmin(1)
        for number, mask in enumerate(masks):
            mask[rows, columns] &= nearest == number
    covered = [occlusion_mask(pixels, face) for face in found]
    return [
        TemplateFace(number, face, mask & ~before, before)
        for number, (face, mask, before) in enumerate(zip(found, masks, covered, strict=True), 1)
    ]


def parse_face_number(text: str) -> int | None:
    """The number of a face in text from outside; None when it is none.

    Numbers that no template can have come back as they are: who compares them with the faces names them.
    """
    try:
        number = read_integer(text)
    except ValueError:
        return None
    return number if number >= 0 else None


def draw_face_numbers(pixels: Pixels, targets: Sequence[TemplateFace]) -> Image.Image:
    """The template with a box and a number on each face.

    OpenCV writes the numbers: before Pillow 10.1, as in the webui, Pillow's own font comes in one small size only.
    """
    seen = pixels.copy()
    line = max(round(max(pixels.shape[:2]) / 400), 2)
    for target in targets:
        left, top, right, bottom = (round(side) for side in target.face.box)
        cv2.rectangle(seen, (left, top), (right, bottom), _COLOUR, line)
        words, wanted = str(target.number), max(target.face.height / 5, 10.0)
        thick = max(round(wanted / 10), 1)
        scale = cv2.getFontScaleFromHeight(_FONT, round(wanted), thick)
        (width, height), _ = cv2.getTextSize(words, _FONT, scale, thick)
        gap = max(round(wanted / 4), 2)
        above = max(top - height - 2 * gap, 0)
        cv2.rectangle(seen, (left, above), (left + width + 2 * gap, above + height + 2 * gap), _COLOUR, cv2.FILLED)
        cv2.putText(seen, words, (left + gap, above + height + gap), _FONT, scale, _INK, thick, cv2.LINE_AA)
    return Image.fromarray(seen)


def _mask(pixels: Pixels, face: Face, masker: HeadMasker, *, hair: bool) -> Mask:
    """The face's own pixels; an ellipse in its box where a face is too small to be parsed."""
    try:
        found = masker.mask(pixels, face)
        return np.array(found.head if hair else found.face)
    except PhotoError:
        height, width = pixels.shape[:2]
        y, x = np.ogrid[:height, :width]
        middle = face.centre
        return np.asarray(((x - middle[0]) / (face.width / 2)) ** 2 + ((y - middle[1]) / (face.height / 2)) ** 2 <= 1)
