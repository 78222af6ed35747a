"""The scorer that compares pictures with the heads of a person by dlib's distance instead of a cosine."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.faces.recognise.dlib_resnet import distance
from facechain_ext.identity.likeness_scale import BY_DISTANCE, Likeness
from facechain_ext.identity.scorer import StandInScorer
from facechain_ext.storage.lru_cache import LRUCache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.identity.photo_likeness import DescribedFace, FaceDescriber
    from facechain_ext.identity.scorer import LikenessScorer

log = logging.getLogger(__name__)

_KEPT = 8
"""People whose descriptors stay in memory: as many as one picture may hold."""


@dataclass
class DistanceScorer:
    """Scores by the mean distance to the heads that an identity keeps of its photos, weighted as these count.

    The mean of distances stays on the scale of two photos, which the verdicts are measured for; the distance to a mean
    descriptor does not. ``stand_in`` gives the scorer for identities without heads, as cards of earlier versions are:
    the aligned face lacks the chin, which this network sees.
    """

    describer: FaceDescriber
    stand_in: Callable[[], LikenessScorer]
    _references: LRUCache[list[tuple[DescribedFace, float]]] = field(
        default_factory=lambda: LRUCache(_KEPT), init=False, repr=False
    )

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """The likeness of the nearest face in ``picture``, or None when there is no usable face."""
        reference = self._reference(identity)
        if not reference:
            stand_in = self._stand_in_for(identity)
            return None if stand_in is None else stand_in.likeness(picture, identity)
        found = self.describer.describe_all(faces.read_picture(picture).pixels, "")
        if not found:
            return None
        total = sum(share for _, share in reference)
        distances = [
            sum(share * distance(face.descriptor, photo.descriptor) for photo, share in reference) / total
            for face in found
        ]
        nearest = int(np.argmin(distances))
        doubtful = bool(found[nearest].doubt) or any(photo.doubt for photo, _ in reference)
        return Likeness(distances[nearest], BY_DISTANCE, doubtful=doubtful)

    def for_people(self, identities: Sequence[Identity]) -> LikenessScorer:
        """This scorer, or the one that stands in for it where somebody has no head to compare with."""
        without = next((identity for identity in identities if not self._reference(identity)), None)
        return self if without is None else self._stand_in_for(without) or self

    def _reference(self, identity: Identity) -> list[tuple[DescribedFace, float]]:
        """The described heads of the photos that count, with their shares."""
        found = self._references.get(identity.digest)
        if found is None:
            found = self._describe(identity)
            self._references.put(identity.digest, found)
        return found

    def _describe(self, identity: Identity) -> list[tuple[DescribedFace, float]]:
        if identity.heads is None:
            return []
        heads = zip(identity.heads, identity.photo_shares, strict=True)
        described = [(self._describe_head(head), share) for head, share in heads if share > 0]
        return [(face, share) for face, share in described if face is not None]

    def _describe_head(self, head: Pixels) -> DescribedFace | None:
        try:
            return self.describer.describe_largest(np.ascontiguousarray(head), "")
        except PhotoError as error:
            log.info("a head of a card is not compared with: %s", error)
            return None

    def _stand_in_for(self, identity: Identity) -> StandInScorer | None:
        """Who scores instead; None where nobody can, which must not cost the pictures that are made already."""
        name = identity.name or "the person"
        reason = f"The card of {name} has no head that dlib can compare with. Make it anew from the photos."
        try:
            return StandInScorer(self.stand_in(), reason)
        except FaceChainError as error:
            log.warning("likeness to %s is not scored: %s", name, error)
            return None
