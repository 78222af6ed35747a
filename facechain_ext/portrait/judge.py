"""How like its person a finished picture is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.identity import encode, likeness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image
    from torch import Tensor

    from facechain_ext.faces import Detector, HeadMasker
    from facechain_ext.identity import Identity, TransFace

logger = logging.getLogger(__name__)


class Judge(Protocol):
    """Says how like two faces are; ``name`` is shown beside the number."""

    name: str

    def likeness(self, picture: Image.Image, identity: Identity) -> float | None:
        """The cosine of the best face in ``picture`` to ``identity`` in -1..1, or None when there is no usable face."""
        ...


@dataclass
class EncoderJudge:
    """Judges with the recognition head of an encoder, the same that made the identity unless told otherwise.

    An encoder that also put the face in favours it; where a second one is available it is the fairer judge.
    """

    encoder: TransFace
    detector: Detector | None = None
    masker: HeadMasker | None = None
    name: str = "TransFace (also used to make the picture)"

    def likeness(self, picture: Image.Image, identity: Identity) -> float | None:
        """The cosine of the best face in ``picture`` to ``identity`` in -1..1, or None when there is no usable face."""
        detector, masker = self.detector or faces.detector(), self.masker or faces.head_masker()
        read = faces.read_picture(picture)
        scores = []
        for number in range(1, len(detector.detect(read.pixels)) + 1):
            try:
                prepared = encode.prepare_face(read, number, detector, masker)
            except PhotoError as error:
                logger.info("face %d of a finished picture is not judged: %s", number, error)
                continue
            scores.append(likeness(self._embedding(encode.to_encoder(prepared.aligned)), identity.embedding))
        return max(scores, default=None)

    def _embedding(self, face: Tensor) -> Tensor:
        with torch.no_grad():
            embedding: Tensor = self.encoder(face[None].to(self.encoder.pos_embed.device))[1]
        return embedding[0].float().cpu()


def ranked(scores: Sequence[float | None]) -> list[int]:
    """Positions from the most to the least like; pictures without a score come last, and ties stay in order."""
    return sorted(range(len(scores)), key=lambda i: (scores[i] is None, -(scores[i] or 0.0)))
