"""A second opinion on finished pictures: dlib's network compares them with the person's own photos."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces.recognise.dlib_resnet import distance
from facechain_ext.identity.copy_guard import check_copy
from facechain_ext.identity.photo_likeness import compare, shared_describer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scale import Verdict
    from facechain_ext.identity.photo_likeness import DescribedFace, FaceDescriber

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoCheck:
    """A picture beside the photos of its person: the distance to the nearest of them, and what it means.

    ``copied`` tells whether it is nearer to that photo than photos of the person are to each other; None where one
    photo is known, which says nothing about that.
    """

    distance: float
    verdict: Verdict
    copied: bool | None = None
    recogniser: str = "dlib"

    def __str__(self) -> str:
        copied = ", copied" if self.copied else ""
        return f"{self.verdict} by {self.recogniser} ({self.distance:.2f}){copied}"


class PhotoJudge:
    """Judges pictures by a person's photos, or by the heads and shoulders that a card keeps of them.

    Faces on a card are mostly under 100 pixels, for which a distance is given and no verdict.
    """

    def __init__(self, describer: FaceDescriber) -> None:
        self._describer = describer

    def reference(self, identity: Identity, photos: Sequence[Pixels] = (), face: int = 0) -> list[DescribedFace]:
        """What pictures of ``identity`` are compared with; nothing for a mix of people.

        ``photos`` are RGB pictures of the person, ``face`` the number of the face in them, 0 for the largest.
        """
        if identity.blend:
            return []
        pictures = list(photos)
        if not pictures and identity.heads is not None:
            shown = zip(identity.heads, identity.photo_shares, strict=True)
            pictures = [np.ascontiguousarray(head) for head, share in shown if share > 0]
        found = (self._describe(pixels, face if photos else 0) for pixels in pictures)
        return [one for one in found if one is not None]

    def check(self, picture: Image.Image, reference: Sequence[DescribedFace]) -> PhotoCheck | None:
        """What the nearest face of ``picture`` is to the person; None where there is no face or no photo."""
        found = self._describer.describe_all(faces.read_picture(picture).pixels, "") if reference else []
        if not found:
            return None
        pairs = ((distance(face.descriptor, photo.descriptor), face, photo) for face in found for photo in reference)
        near, face, nearest = min(pairs, key=lambda pair: pair[0])
        if len(reference) == 1:
            return PhotoCheck(near, compare(face, nearest).verdict)
        checked = check_copy(face, [nearest, *(photo for photo in reference if photo is not nearest)])
        return PhotoCheck(near, checked.verdict, checked.is_copied)

    def _describe(self, pixels: Pixels, face: int) -> DescribedFace | None:
        try:
            if face:
                return self._describer.describe_all(pixels, "")[face - 1]
            return self._describer.describe_largest(pixels, "")
        except (PhotoError, IndexError) as error:
            log.info("a photo is not compared with: %s", error)
            return None


@functools.cache
def photo_judge() -> PhotoJudge | None:
    """The judge; None where dlib's network is not installed (see the doctor)."""
    describer = face_describer()
    return None if describer is None else PhotoJudge(describer)


@functools.cache
def face_describer() -> FaceDescriber | None:
    """Who compares faces; None where dlib's network is not installed."""
    try:
        return shared_describer()
    except HostError as error:
        log.info("pictures are not compared with the photos: %s", error)
        return None
