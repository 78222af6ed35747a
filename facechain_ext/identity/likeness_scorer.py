"""How like its person a finished picture is."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.identity import encode, likeness
from facechain_ext.identity.likeness_scale import Likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from PIL import Image

    from facechain_ext.faces import Detector, HeadMasker, Picture, Recogniser
    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity, TransFace

logger = logging.getLogger(__name__)


class LikenessScorer(Protocol):
    """Says how like two faces are."""

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """How like the best face in ``picture`` is to ``identity``, or None when there is no usable face."""
        ...


@dataclass
class EncoderScorer:
    """Judges with the recognition head of the encoder that made the identity, which favours faces that it put in."""

    encoder: TransFace
    detector: Detector | None = None
    masker: HeadMasker | None = None

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """How like the best face in ``picture`` is to ``identity``, or None when there is no usable face."""
        known = self._known(identity)
        scores = [
            likeness(self._embedding(face), known) for face in _aligned_faces(picture, self.detector, self.masker)
        ]
        return Likeness(max(scores), "TransFace", independent=False) if scores else None

    def _known(self, identity: Identity) -> torch.Tensor:
        """The direction of the person in this encoder's space; one whom another encoder saw is looked at again."""
        if identity.encoder == self.encoder.digest:
            return identity.embedding
        photos = zip(identity.aligned, identity.photo_shares, strict=True)
        seen = [weight * F.normalize(self._embedding(face), dim=0) for face, weight in photos if weight > 0]
        return torch.stack(seen).sum(0)

    def _embedding(self, aligned: Pixels) -> torch.Tensor:
        with torch.no_grad():
            face = encode.to_encoder_input(aligned)[None].to(self.encoder.pos_embed.device)
            embedding: torch.Tensor = self.encoder(face)[1]
        return embedding[0].float().cpu()


@dataclass
class RecogniserScorer:
    """Judges with a recognition network that had no part in the picture.

    Both sides are seen alike: aligned, and black around the head, as an identity keeps its photos. A mix of people lies
    between the directions of its photos, as it does for the encoder that made it.
    """

    recogniser: Recogniser
    detector: Detector | None = None
    masker: HeadMasker | None = None
    _reference: tuple[str, NDArray[np.float32]] | None = field(default=None, init=False, repr=False)

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """How like the best face in ``picture`` is to ``identity``, or None when there is no usable face."""
        known = self._known(identity)
        scores = [
            float(self.recogniser.embed(face) @ known) for face in _aligned_faces(picture, self.detector, self.masker)
        ]
        return Likeness(max(scores), self.recogniser.name) if scores else None

    def _known(self, identity: Identity) -> NDArray[np.float32]:
        """The direction of the photos together, kept for the next picture."""
        if self._reference is None or self._reference[0] != identity.digest:
            photos = zip(identity.aligned, identity.photo_shares, strict=True)
            together = np.sum([weight * self.recogniser.embed(face) for face, weight in photos if weight > 0], axis=0)
            self._reference = identity.digest, together / max(float(np.linalg.norm(together)), 1e-9)
        return self._reference[1]


def choose_scorer(encoder: Callable[[], TransFace]) -> LikenessScorer:
    """The best judge that can work here: one apart from ``encoder``, which made the identity, where there is one.

    Raises what ``encoder`` raises when it has to judge itself.
    """
    try:
        return RecogniserScorer(faces.recogniser())
    except HostError as error:
        logger.info("likeness is judged by the encoder that puts the face in: %s", error)
        return EncoderScorer(encoder())


def rank_by_likeness(scores: Sequence[Likeness | None]) -> list[int]:
    """Positions from the most to the least like; pictures without a score come last, and ties stay in order."""
    cosines = [None if score is None else score.cosine for score in scores]
    return sorted(range(len(cosines)), key=lambda i: (cosines[i] is None, -(cosines[i] or 0.0)))


def _aligned_faces(picture: Image.Image, detector: Detector | None, masker: HeadMasker | None) -> Iterator[Pixels]:
    """Every usable face of a picture, as the encoder would see it."""
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    read = faces.read_picture(picture)
    for number in range(1, len(detector.detect(read.pixels)) + 1):
        aligned = _aligned(read, number, detector, masker)
        if aligned is not None:
            yield aligned


def _aligned(picture: Picture, number: int, detector: Detector, masker: HeadMasker) -> Pixels | None:
    try:
        return encode.prepare_face(picture, number, detector, masker).aligned
    except PhotoError as error:
        logger.info("face %d of a finished picture is not judged: %s", number, error)
        return None
