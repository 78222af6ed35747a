"""FaceNet (arXiv 1503.03832): the Inception-ResNet-v1 class of facenet-pytorch with the weights of that project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.networks import load_state_dict, normalize_embedding

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

_INPUT_SIZE = 160
"""Side in pixels of the training pictures: boxes of MTCNN with a margin of 44 in 182, cropped to 160.

There the eyes are 53 pixels apart (measured with facenet-pytorch's MTCNN on one portrait); a face aligned for
ArcFace and enlarged to 160 has them 50 apart, so the same crop can be used.
"""


class FaceNetRecogniser:
    """FaceNet from the files for VGGFace2 or CASIA-WebFace, without the classifier of the training set.

    Raises ImportError where facenet-pytorch or torchvision, which it uses, is not installed; WeightsError when the file
    is another network.
    """

    name = "FaceNet"

    def __init__(self, path: Path, device: str = "cpu") -> None:
        from facenet_pytorch import InceptionResnetV1

        from facechain_ext.weights import read_state_dict

        weights = {key: value for key, value in read_state_dict(path).items() if not key.startswith("logits.")}
        self._network: torch.nn.Module = InceptionResnetV1(pretrained=None)
        load_state_dict(self._network, weights, path)
        self._network.to(device)
        self._device, self._file = device, path.name

    def embed(self, aligned: Pixels) -> NDArray[np.float32]:
        """The embedding of an aligned RGB face uint8 [112, 112, 3]: float32 [512], unit length."""
        import torch

        large = cv2.resize(aligned, (_INPUT_SIZE, _INPUT_SIZE), interpolation=cv2.INTER_CUBIC)
        batch = torch.from_numpy((large.astype(np.float32).transpose(2, 0, 1)[None] - 127.5) / 128.0)
        with torch.no_grad():
            return normalize_embedding(self._network(batch.to(self._device)).float().cpu().numpy(), self._file)
