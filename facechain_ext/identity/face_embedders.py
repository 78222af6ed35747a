"""Networks that tell whether two faces are of one person, best first, whatever each takes and however it compares."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import HostError, WeightsError
from facechain_ext.faces.recognise import RECOGNISERS, dlib_resnet
from facechain_ext.identity.encode import embed_aligned
from facechain_ext.identity.likeness_scale import LIKENESS_THRESHOLDS, SAME
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, HeadMasker, Pixels, Recogniser
    from facechain_ext.identity.transface import TransFace

    Vector = NDArray[np.float32]

log = logging.getLogger(__name__)


class FaceEmbedder(Protocol):
    """Compares faces of whole pictures.

    ``same`` is the similarity from which two faces count as one person's. Vectors are biometric data: they stay in
    memory.
    """

    name: str
    same: float

    def embed(self, pixels: Pixels, face: Face) -> Vector:
        """The vector of one face of an RGB picture uint8 [h, w, 3]."""
        ...

    def similarity(self, one: Vector, other: Vector) -> float:
        """How alike two vectors, or means of several, are: 1 for equal ones."""
        ...


class AlignedEmbedder:
    """A network that takes an aligned head on black: a recogniser, or the face encoder."""

    def __init__(self, network: Recogniser, masker: HeadMasker | None = None) -> None:
        self._network, self._masker = network, masker
        self.name = network.name
        self.same = LIKENESS_THRESHOLDS.get(network.name, LIKENESS_THRESHOLDS["ArcFace"])[1]

    def embed(self, pixels: Pixels, face: Face) -> Vector:
        """The network's embedding of a face, of unit length."""
        masker = self._masker or faces.head_masker()
        head = masker.mask(pixels, face).head
        return self._network.embed(faces.align(pixels, face.landmarks, mask=head))

    def similarity(self, one: Vector, other: Vector) -> float:
        """The cosine of two vectors."""
        return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9))


class DlibEmbedder:
    """dlib's network, which compares by a distance."""

    name = "dlib"
    same = 1.0 - SAME

    def __init__(self) -> None:
        self._network = dlib_resnet.DlibRecogniser()

    def embed(self, pixels: Pixels, face: Face) -> Vector:
        """Dlib's descriptor [128] of a face."""
        return self._network.describe(pixels, face)

    def similarity(self, one: Vector, other: Vector) -> float:
        """1 less the distance."""
        return 1.0 - dlib_resnet.distance(one, other)


class EncoderRecogniser:
    """The recognition head of the encoder that conditions pictures, as a recogniser."""

    name = "TransFace"

    def __init__(self, encoder: TransFace) -> None:
        self._encoder = encoder

    def embed(self, aligned: Pixels) -> Vector:
        """The embedding of an aligned face, of unit length."""
        vector = embed_aligned(self._encoder, aligned).numpy()
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def face_embedders(encoder: TransFace | None = None, masker: HeadMasker | None = None) -> list[FaceEmbedder]:
    """Every network that can work here, best first; ``encoder``, which conditions pictures, comes last.

    Raises HostError with the step that brings one where there is none.
    """
    found: list[FaceEmbedder] = []
    for provider in RECOGNISERS:
        if provider.remedy():
            continue
        try:
            found.append(AlignedEmbedder(provider.load(), masker))
        except (WeightsError, ImportError) as error:
            log.warning("%s cannot compare faces here: %s", provider.name, error)
    if not dlib_resnet.remedy():
        found.append(DlibEmbedder())
    if encoder is not None:
        found.append(AlignedEmbedder(EncoderRecogniser(encoder), masker))
    if not found:
        raise HostError(f"No network can compare faces here. {how_to_get('sface')}")
    return found
