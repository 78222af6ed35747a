"""ArcFace (arXiv 1801.07698) through onnxruntime: insightface's w600k_r50, or any recognition ONNX with its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import WeightsError
from facechain_ext.faces.alignment import ARCFACE_SIZE
from facechain_ext.faces.networks import normalize_embedding, open_onnx_session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels


class ArcFaceRecogniser:
    """A network of one 112x112 RGB input, scaled to (x - 127.5) / 127.5, and one embedding.

    Raises ImportError where onnxruntime is not installed, WeightsError when the file is no such network.
    """

    name = "ArcFace"

    def __init__(self, path: Path) -> None:
        self._session = open_onnx_session(path)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        has_expected_inputs = len(inputs) == len(outputs) == 1 and list(inputs[0].shape[1:]) == [
            3,
            ARCFACE_SIZE,
            ARCFACE_SIZE,
        ]
        if not has_expected_inputs or len(outputs[0].shape) != 2:
            shapes = [tensor.shape for tensor in (*inputs, *outputs)]
            raise WeightsError(f"{path.name} maps {shapes}; a recognition network for 112x112 faces is needed.")
        self._input, self._file = inputs[0].name, path.name

    def embed(self, aligned: Pixels) -> NDArray[np.float32]:
        """The embedding of an aligned RGB face uint8 [112, 112, 3]: float32 [512], unit length."""
        return normalize_embedding(self.features(aligned), self._file)

    def features(self, aligned: Pixels) -> NDArray[np.float32]:
        """The same as the network gives it, float32 [512] of any length."""
        batch = (aligned.astype(np.float32).transpose(2, 0, 1)[None] - 127.5) / 127.5
        return np.asarray(self._session.run(None, {self._input: batch})[0], np.float32).ravel()
