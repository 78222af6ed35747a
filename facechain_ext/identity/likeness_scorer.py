"""Scorers of the likeness between a finished picture and its identity."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.lazy_names import late_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import torch
    from numpy.typing import NDArray
    from PIL import Image

    from facechain_ext.faces import Detector, HeadMasker, Picture, Recogniser
    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity, TransFace, encode
    from facechain_ext.identity import identity as identities
else:
    encode, identities = late_module("facechain_ext.identity.encode"), late_module("facechain_ext.identity.identity")

logger = logging.getLogger(__name__)


class LikenessScorer(Protocol):
    """Scores the likeness between a picture and an identity."""

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """The likeness of the most similar face in ``picture``, or None when there is no usable face."""
        ...


@dataclass
class EncoderScorer:
    """Scores with the recognition head of the encoder that conditioned the picture, which biases the score upwards."""

    encoder: TransFace
    detector: Detector | None = None
    masker: HeadMasker | None = None

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """The likeness of the most similar face in ``picture``, or None when there is no usable face."""
        reference = self._reference_embedding(identity)
        found = _aligned_faces(picture, self.detector, self.masker)
        scores = [identities.likeness(encode.embed_aligned(self.encoder, face), reference) for face in found]
        return Likeness(max(scores), "TransFace", independent=False) if scores else None

    def _reference_embedding(self, identity: Identity) -> torch.Tensor:
        """The embedding of the identity; encoded again from the aligned faces when another encoder made it."""
        if identity.encoder == self.encoder.digest:
            return identity.embedding
        import torch
        import torch.nn.functional as F

        photos = zip(identity.aligned, identity.photo_shares, strict=True)
        used = ((encode.embed_aligned(self.encoder, face), weight) for face, weight in photos if weight > 0)
        return torch.stack([weight * F.normalize(embedding, dim=0) for embedding, weight in used]).sum(0)


@dataclass
class RecogniserScorer:
    """Scores with a recognition network that was not used to make the picture.

    Both faces are prepared alike: aligned, and black around the head, as an identity stores them. The reference of a
    mix is the weighted mean of the embeddings of its photos, as for the encoder that made it.
    """

    recogniser: Recogniser
    detector: Detector | None = None
    masker: HeadMasker | None = None
    _cached_reference: tuple[str, NDArray[np.float32]] | None = field(default=None, init=False, repr=False)

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """The likeness of the most similar face in ``picture``, or None when there is no usable face."""
        reference = self._reference_embedding(identity)
        scores = [
            float(self.recogniser.embed(face) @ reference)
            for face in _aligned_faces(picture, self.detector, self.masker)
        ]
        return Likeness(max(scores), self.recogniser.name) if scores else None

    def _reference_embedding(self, identity: Identity) -> NDArray[np.float32]:
        """The weighted mean of the embeddings of the photos, of unit length; cached for the latest identity."""
        cached = self._cached_reference  # read once: another thread may score another identity meanwhile
        if cached is None or cached[0] != identity.digest:
            photos = zip(identity.aligned, identity.photo_shares, strict=True)
            total = np.sum([weight * self.recogniser.embed(face) for face, weight in photos if weight > 0], axis=0)
            cached = self._cached_reference = identity.digest, total / max(float(np.linalg.norm(total)), 1e-9)
        return cached[1]


def choose_scorer(encoder: Callable[[], TransFace]) -> LikenessScorer:
    """The best scorer that can work here: a recogniser independent of ``encoder``, otherwise ``encoder`` itself.

    Raises what ``encoder`` raises when there is no recogniser.
    """
    try:
        return RecogniserScorer(faces.recogniser())
    except HostError as error:
        logger.info("likeness is scored by the encoder that conditions the picture: %s", error)
        return EncoderScorer(encoder())


def mean_likeness(scorer: LikenessScorer, picture: Image.Image, identities: Iterable[Identity]) -> Likeness | None:
    """How like everybody in ``picture`` is: the mean of their likenesses; None where nobody or not everybody is found.

    Raises what ``scorer.likeness`` raises.
    """
    found = [scorer.likeness(picture, identity) for identity in identities]
    known = [score for score in found if score is not None]
    if not known or len(known) < len(found):
        return None
    return replace(known[0], cosine=sum(score.cosine for score in known) / len(known))


def rank_by_likeness(scores: Sequence[Likeness | None]) -> list[int]:
    """Indices from the highest to the lowest likeness; None comes last, and ties keep their order."""
    cosines = [None if score is None else score.cosine for score in scores]
    return sorted(range(len(cosines)), key=lambda i: (cosines[i] is None, -(cosines[i] or 0.0)))


def _aligned_faces(picture: Image.Image, detector: Detector | None, masker: HeadMasker | None) -> Iterator[Pixels]:
    """The encoder's input for every usable face of a picture."""
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    source = faces.read_picture(picture)
    for number in range(1, len(detector.detect(source.pixels)) + 1):
        aligned = _aligned(source, number, detector, masker)
        if aligned is not None:
            yield aligned


def _aligned(picture: Picture, number: int, detector: Detector, masker: HeadMasker) -> Pixels | None:
    try:
        return encode.prepare_face(picture, number, detector, masker).aligned
    except PhotoError as error:
        logger.info("face %d of a finished picture is not scored: %s", number, error)
        return None
