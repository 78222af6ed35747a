"""The photo of a person that a blend takes, and whether it suits the template's face: said before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.recipes.template.settings import FaceSource
from facechain_ext.retouch.fuse.opacity import mouth_opening
from facechain_ext.retouch.fuse.points import mesh_points
from facechain_ext.retouch.photo_doubts import photo_doubts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.faces.types import Detector, Face, Pixels
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.settings import FaceAction

FAR = 45.0
"""Degrees between photo and template from which a blend distorts, and of the template's yaw alone: a full profile is
measured as about 57, so a photo turned by 20 would seem near."""
_FAR_WITH_CHOICE = 35.0
"""The same where there were several photos to choose from."""
_OPENING_DEGREES = 60.0
"""Degrees that a mouth open by its own width counts as, when the nearest photo is chosen."""


@dataclass(frozen=True, eq=False)
class SourcePhoto:
    """One photo of a person uint8 [h, w, 3], its face, its number from 1 among ``count``, and the turn in degrees."""

    pixels: Pixels
    face: Face
    number: int
    count: int
    turn: float


def choose_photo(source: FaceSource, pixels: Pixels, target: TemplateFace, detector: Detector) -> SourcePhoto:
    """The photo of a person nearest in pose and expression to the face ``target`` of ``pixels``.

    That is the source's own photo, else the pictures of its card. Raises PhotoError when there is none, or no face in
    any of them.
    """
    views = _views(source)
    if not views:
        raise PhotoError("there is no photo of the person; give one.")
    found = [(number, view, detector.detect(view)) for number, view in enumerate(views, 1)]
    usable = [(number, view, faces.choose_face(seen)) for number, view, seen in found if seen]
    if not usable:
        faces.choose_face([])  # raises the sentence for a photo without a face
    photos = [SourcePhoto(view, face, number, len(views), turn(face, target.face)) for number, view, face in usable]
    if len(photos) == 1:
        return photos[0]
    wanted = _opening(pixels, target.face)
    return min(photos, key=lambda one: one.turn + _OPENING_DEGREES * abs(_opening(one.pixels, one.face) - wanted))


def turn(one: Face, other: Face) -> float:
    """The larger of the differences in yaw and pitch of two faces, in degrees."""
    return max(abs(one.yaw - other.yaw), abs(one.pitch - other.pitch))


def photo_notes(photo: SourcePhoto, target: TemplateFace) -> list[str]:
    """Which photo was taken where there are several, as a sentence."""
    if photo.count == 1:
        return []
    return [
        f"Face {target.number}: photo {photo.number} of {photo.count} is used, the nearest in pose and expression "
        f"({photo.turn:.0f}° apart)."
    ]


def result_doubts(photo: SourcePhoto, target: TemplateFace) -> list[str]:
    """What will suffer when ``photo`` is blended into ``target``, as sentences; empty where nothing does."""
    found = []
    limit = FAR if photo.count == 1 else _FAR_WITH_CHOICE
    if abs(target.face.yaw) > FAR:
        found.append(
            f"Face {target.number}: the template shows it from the side, where a blend does not follow its outline; "
            "choose the quality standard."
        )
    elif photo.turn > limit:
        found.append(
            f"Face {target.number}: photo and template are turned {photo.turn:.0f}° apart, which a blend distorts; "
            "choose the quality standard, or a photo in the template's pose."
        )
    return found + [f"Face {target.number}: {doubt}" for doubt in photo_doubts(photo.pixels, photo.face)]


def doubts_before(
    pixels: Pixels, targets: Sequence[TemplateFace], actions: Mapping[int, FaceAction], detector: Detector
) -> list[str]:
    """What will suffer in a blend of a whole template, before it is made; faces that cannot be done are left out."""
    found = []
    for target in targets:
        action = actions.get(target.number)
        if isinstance(action, FaceSource):
            try:
                found += result_doubts(choose_photo(action, pixels, target, detector), target)
            except PhotoError:  # ``make`` says so
                continue
    return found


def _views(source: FaceSource) -> list[Pixels]:
    if source.photo is not None:
        return [source.photo]
    person = source.identity
    if person is None:
        return []
    # the heads of a mix are those of different people
    return [person.thumbnail] if person.heads is None or person.blend else list(person.heads)


def _opening(pixels: Pixels, face: Face) -> float:
    """The opening of a mouth in its own widths; 0 where no mesh is found."""
    try:
        points = mesh_points(pixels, face)
    except ImportError:
        return 0.0
    return 0.0 if points is None else mouth_opening(points)
