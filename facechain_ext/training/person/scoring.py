"""How like the person a picture is, by a network that had no part in choosing the photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Detector, Pixels
    from facechain_ext.identity.face_embedders import FaceEmbedder


def scoring_embedder(embedders: Sequence[FaceEmbedder]) -> FaceEmbedder:
    """The network that scores: not the one that chose the photos, nor the one that conditions pictures, if possible."""
    others = [one for one in embedders[1:] if one.name != "TransFace"]
    return others[0] if others else embedders[0]


class PersonScorer:
    """Scores pictures of one person by the mean similarity to all of the person's faces (EasyPhoto's rule)."""

    def __init__(self, photos: Sequence[Path], embedder: FaceEmbedder, detector: Detector) -> None:
        self._embedder, self._detector = embedder, detector
        self.name = embedder.name
        pictures = [faces.read_picture(path).pixels for path in photos]
        self._references: list[NDArray[np.float32]] = []
        for pixels in pictures:
            found = detector.detect(pixels)
            self._references += [embedder.embed(pixels, found[0])] if found else []
        if not self._references:
            raise PhotoError("No face was found in any of the training pictures, so nothing can be scored.")

    def score(self, pixels: Pixels) -> float:
        """The score of the face of an RGB picture that is most like the person; 0 where there is none."""
        vectors = [self._embedder.embed(pixels, face) for face in self._detector.detect(pixels)]
        return max((self._mean(vector) for vector in vectors), default=0.0)

    def _mean(self, vector: NDArray[np.float32]) -> float:
        return float(np.mean([self._embedder.similarity(vector, one) for one in self._references]))
