"""The choice of a face in a photo, and whether it can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.picture import Picture
    from facechain_ext.faces.types import Face

MIN_FACE = 40
"""Height in pixels of the smallest usable face: about a third of the 112 pixels that the encoder sees."""
SMALL_FACE = 80
"""Height in pixels below which a larger photo gives a better likeness."""
MAX_YAW = 70.0
"""Yaw in degrees from which only one eye is visible."""
LARGE_YAW = 40.0
"""Yaw in degrees from which likeness decreases."""


def number_faces(faces: Sequence[Face]) -> list[Face]:
    """The faces in the order of their numbers: left to right by the left edge of the box, then top to bottom."""
    return sorted(faces, key=lambda face: (face.box[0], face.box[1]))


def choose_face(faces: Sequence[Face], number: int | None = None) -> Face:
    """The face with ``number``, counted left to right from 1; for None the largest, of equals the leftmost.

    Raises PhotoError when there is no face, or none of that number.
    """
    if not faces:
        raise PhotoError("No face was found; use a photo that shows one face from the front, sharp and well lit.")
    numbered = number_faces(faces)
    if number is None:
        return max(numbered, key=lambda face: face.area)
    if not 1 <= number <= len(numbered):
        range_text = "there is only one face" if len(numbered) == 1 else f"the faces are numbered 1 to {len(numbered)}"
        raise PhotoError(f"There is no face number {number}: {range_text}, counted from the left.")
    return numbered[number - 1]


def check_face(picture: Picture, face: Face) -> tuple[str, ...]:
    """Warnings about a face that can be used; an empty tuple when there are none.

    Raises PhotoError when the face cannot be used: under 40 pixels, in profile, or mostly outside the picture.
    """
    size = round(max(face.width, face.height))
    if size < MIN_FACE:
        raise PhotoError(
            f"The face is only {size} pixels high; use a photo in which it has at least {MIN_FACE}, "
            f"better {2 * SMALL_FACE}."
        )
    if abs(face.yaw) > MAX_YAW:
        raise PhotoError(f"The face is turned {abs(face.yaw):.0f}° away; use a photo that shows it from the front.")
    width = min(face.box[2], picture.width) - max(face.box[0], 0.0)
    height = min(face.box[3], picture.height) - max(face.box[1], 0.0)
    if width <= 0 or height <= 0 or width * height < 0.5 * face.area:
        raise PhotoError("Most of the face lies outside the photo; use one that shows the whole head.")
    notes = []
    if size < SMALL_FACE:
        notes.append(f"The face is small ({size} pixels); a larger one gives a better likeness.")
    if abs(face.yaw) > LARGE_YAW:
        notes.append(f"The face is turned {abs(face.yaw):.0f}° away; a photo from the front gives a better likeness.")
    return tuple(notes)
