"""Scorers of the likeness between a finished picture and its identity."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.identity.likeness_scale import Likeness, read_judge
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
    from facechain_ext.identity.scorer import LikenessScorer
else:
    encode, identities = late_module("facechain_ext.identity.encode"), late_module("facechain_ext.identity.identity")

logger = logging.getLogger(__name__)


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


def choose_scorer(encoder: Callable[[], TransFace], judge: str = "auto") -> LikenessScorer:
    """The scorer by the name ``judge`` of JUDGES; "auto" and "" are the best that can work here.

    That is a recogniser independent of ``encoder``, otherwise ``encoder`` itself. Where the one of a name cannot work,
    the best scores and each of its likenesses has a remark that names the next step. Raises what ``encoder`` raises
    when nothing else can score.
    """
    if judge in ("", "auto"):
        return _best_scorer(encoder)
    try:
        return _scorer_called(read_judge(judge), encoder)
    except FaceChainError as error:
        logger.info("likeness is not scored by %s: %s", judge, error)
        from facechain_ext.identity.scorer import StandInScorer

        return StandInScorer(_best_scorer(encoder), f"Likeness cannot be scored by {judge}: {error}")


def _scorer_called(name: str, encoder: Callable[[], TransFace]) -> LikenessScorer:
    """The scorer of one name; raises FaceChainError that names the next step where it cannot work."""
    if name == "dlib":
        from facechain_ext.identity.distance_scorer import DistanceScorer
        from facechain_ext.identity.photo_likeness import shared_describer

        return DistanceScorer(shared_describer(), lambda: _best_scorer(encoder))
    return EncoderScorer(encoder()) if name == "transface" else RecogniserScorer(faces.recogniser(name))


def _best_scorer(encoder: Callable[[], TransFace]) -> LikenessScorer:
    try:
        return RecogniserScorer(faces.recogniser())
    except HostError as error:
        logger.info("likeness is scored by the encoder that conditions the picture: %s", error)
        return EncoderScorer(encoder())


def scorer_for(scorer: LikenessScorer, identities: Sequence[Identity]) -> LikenessScorer:
    """``scorer``, or what stands in for it where it cannot compare with somebody, as two networks' values never mix."""
    from facechain_ext.identity.distance_scorer import DistanceScorer

    return scorer.for_people(identities) if isinstance(scorer, DistanceScorer) else scorer


def mean_likeness(scorer: LikenessScorer, picture: Image.Image, identities: Iterable[Identity]) -> Likeness | None:
    """How like everybody in ``picture`` is: the mean of their likenesses; None where nobody or not everybody is found.

    Raises what ``scorer.likeness`` raises.
    """
    people = list(identities)
    judge = scorer_for(scorer, people)
    found = [judge.likeness(picture, identity) for identity in people]
    known = [score for score in found if score is not None]
    if not known or len(known) < len(found):
        return None
    remark = next((score.remark for score in known if score.remark), "")
    doubtful = any(score.doubtful for score in known)
    return replace(known[0], value=sum(score.value for score in known) / len(known), doubtful=doubtful, remark=remark)


def rank_by_likeness(scores: Sequence[Likeness | None]) -> list[int]:
    """Indices from the highest to the lowest likeness; None comes last, and ties keep their order."""
    ranks = [None if score is None else score.rank for score in scores]
    return sorted(range(len(ranks)), key=lambda i: (ranks[i] is None, -(ranks[i] or 0.0)))


def remarks_of(scores: Iterable[Likeness | None]) -> list[str]:
    """Why another network scored than the chosen one, each sentence once."""
    return list(dict.fromkeys(score.remark for score in scores if score is not None and score.remark))


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
