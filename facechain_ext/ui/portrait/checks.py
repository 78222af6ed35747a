"""The second opinion under the tab's pictures: whether they show the person of the photos, or copy one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.identity.photo_judge import photo_judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.recipes.style import Finished
    from facechain_ext.ui.portrait.person_request import PersonRequest


def checked_pictures(pictures: Sequence[Finished], identity: Identity, person: PersonRequest) -> tuple[Finished, ...]:
    """The pictures, each with what dlib's network says of it beside the person's photos.

    They are as they were where that network is not installed, and for a mix of two people. The photos are read again,
    because an identity keeps small faces of them only.
    """
    judge = photo_judge()
    if judge is None or identity.blend:
        return tuple(pictures)
    photos = [] if person.card else [faces.read_picture(path).pixels for path in person.photos]
    reference = judge.reference(identity, photos, person.face or 0)
    return tuple(replace(one, check=judge.check(one.portrait.picture, reference)) for one in pictures)
