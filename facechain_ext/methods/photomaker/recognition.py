"""The recognition embeddings that PhotoMaker v2 takes beside the pixels, by insightface's buffalo_l."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Protocol

from facechain_ext import faces
from facechain_ext.errors import PhotoError, WeightsError
from facechain_ext.faces.weights_files import find_buffalo_recogniser
from facechain_ext.next_steps import is_installed, next_steps
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

    FaceEmbedding = Callable[[Pixels], NDArray[np.float32] | None]
    """Of a picture of head and shoulders, uint8 [h, w, 3], float32 [512] not normalised; None without a face."""

log = logging.getLogger(__name__)

_PACKAGE = "onnxruntime"


class _Features(Protocol):
    def features(self, aligned: Pixels) -> NDArray[np.float32]:
        """The embedding of an aligned face, as the network gives it."""
        ...


def face_embedding(source: str) -> FaceEmbedding:
    """The function that gives PhotoMaker v2 its embeddings; ``source`` is the PhotoMaker file's name.

    Raises WeightsError, with the licence and the next step, where buffalo_l's network or onnxruntime is missing.
    """
    path = find_buffalo_recogniser()
    if path is not None and is_installed(_PACKAGE):
        return functools.partial(_embed, _recogniser(path))
    remedy = next_steps().install(_PACKAGE) if path is not None else how_to_get("arcface")
    raise WeightsError(
        f"{source} is PhotoMaker v2, which needs the recognition network of insightface's buffalo_l (w600k_r50.onnx, "
        f"for non-commercial research only). {remedy.rstrip('.')}. Or choose a file of version 1, which needs none."
    )


@functools.lru_cache(maxsize=1)
def _recogniser(path: Path) -> _Features:
    from facechain_ext.faces.recognise.arcface import ArcFaceRecogniser

    return ArcFaceRecogniser(path)


def _embed(network: _Features, head: Pixels) -> NDArray[np.float32] | None:
    """The embedding of the largest face of ``head``, aligned without a mask as insightface does."""
    try:
        face = faces.choose_face(faces.detector().detect(head), None)
    except PhotoError as error:
        log.info("no face for PhotoMaker v2: %s", error)
        return None
    return network.features(faces.align(head, face.landmarks))
