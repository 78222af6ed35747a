"""RetinaFace by the class in facexlib 0.3, which every webui has; without its downloads and its torch.load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from facechain_ext.errors import WeightsError
from facechain_ext.faces.detect.boxes import face_from_detection, non_maximum_suppression
from facechain_ext.faces.detect.orientation import detect_faces
from facechain_ext.faces.networks import load_state_dict
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Face, Pixels

_MIN_SCORE = 0.8
"""facexlib's own threshold."""
_SIDE = 800
"""Longer side in pixels at which faces are searched: ResNet-50 at 1000 takes seconds on a CPU."""


class FacexlibDetector:
    """RetinaFace with ResNet-50 or MobileNet-0.25, whichever ``path`` holds.

    Raises ImportError where facexlib is not installed, WeightsError when the file is not RetinaFace.
    """

    name = "facexlib"

    def __init__(self, path: Path, device: str | torch.device = "cpu") -> None:
        from facexlib.detection.retinaface import RetinaFace

        weights = {key.removeprefix("module."): value for key, value in read_state_dict(path).items()}
        if not any(key.startswith("LandmarkHead.") for key in weights):
            raise WeightsError(f"{path.name} is not a RetinaFace; detection_Resnet50_Final.pth is.")
        network_name = "resnet50" if "body.conv1.weight" in weights else "mobile0.25"
        self._network = RetinaFace(network_name=network_name, device=torch.device(device))
        load_state_dict(self._network, weights, path)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        return detect_faces(self._find, pixels, _SIDE)

    def _find(self, view: Pixels) -> list[Face]:
        """As facexlib's detect_faces, except for the non-maximum suppression, which needs torchvision."""
        from facexlib.detection.retinaface_utils import PriorBox, decode, decode_landm

        network, device = self._network, self._network.mean_tensor.device
        batch = torch.from_numpy(np.ascontiguousarray(view[:, :, ::-1].transpose(2, 0, 1)))[None]  # BGR
        with torch.no_grad():
            boxes, scores, landmarks = (part[0] for part in network(batch.to(device).float() - network.mean_tensor))
        priors = PriorBox(network.cfg, image_size=view.shape[:2]).forward().to(device)
        confident = scores[:, 1] > _MIN_SCORE
        size = torch.tensor([view.shape[1], view.shape[0]], device=device, dtype=torch.float32)
        variance = network.cfg["variance"]
        corners = (decode(boxes[confident], priors[confident], variance) * size.repeat(2)).cpu().numpy()
        points = (decode_landm(landmarks[confident], priors[confident], variance) * size.repeat(5)).cpu().numpy()
        confidences = scores[confident, 1].cpu().numpy()
        selected = non_maximum_suppression(corners, confidences)
        return [face_from_detection(corners[n], points[n].reshape(5, 2), confidences[n], np.ones(2)) for n in selected]
