"""BiSeNet face parsing by the class in facexlib 0.3, which every webui has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from facechain_ext.errors import WeightsError
from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.mask.head import complete_head
from facechain_ext.faces.networks import load_state_dict
from facechain_ext.faces.types import HeadMask
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Face, Mask, Pixels

_CROP = 512
"""Side in pixels of what BiSeNet was trained on: CelebAMask-HQ faces."""
_CROP_SIDE = 2.4
"""Side of the crop in heights of the face: CelebAMask-HQ has about two, long hair needs more."""
_FACE = (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13)
"""Skin, brows, eyes, glasses, ears, nose, mouth and lips, in CelebAMask-HQ's 19 classes as facexlib orders them."""
_HAIR = 17
_MEAN, _STANDARD_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, RGB


class FacexlibMasker:
    """Head masks by face parsing.

    Raises ImportError where facexlib is not installed, WeightsError when the file is not BiSeNet.
    """

    name = "facexlib"

    def __init__(self, path: Path, device: str | torch.device = "cpu") -> None:
        from facexlib.parsing.bisenet import BiSeNet

        weights = read_state_dict(path)
        if "conv_out.conv_out.weight" not in weights:
            raise WeightsError(f"{path.name} is not BiSeNet; parsing_bisenet.pth is.")
        self._device = torch.device(device)
        self._network = BiSeNet(num_class=19)
        load_state_dict(self._network, weights, path)
        self._network.to(self._device)

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """The masks of the head that ``face`` belongs to, at the size of the picture."""
        crop, warp = upright_crop(pixels, face.centre, _CROP_SIDE * max(face.width, face.height), face.roll, _CROP)
        classes = self.parse(crop)
        height, width = pixels.shape[:2]

        def to_picture(mask: Mask) -> Mask:
            warped = cv2.warpAffine(mask.astype(np.float32), warp, (width, height), flags=cv2.INTER_LINEAR)
            return np.asarray(warped > 0.5)

        face_mask = _component_in_box(to_picture(np.isin(classes, _FACE)), face)
        hair = to_picture(classes == _HAIR)
        return HeadMask(face_mask, complete_head(face_mask, face_mask | hair, to_picture(classes > 0)))

    def parse(self, crop: Pixels) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """The class in CelebAMask-HQ of every pixel of an upright crop [512, 512, 3]: int64 [512, 512] in 0..18."""
        scaled = (crop.astype(np.float32) / 255.0 - _MEAN) / np.array(_STANDARD_DEVIATION)
        batch = torch.from_numpy(scaled.transpose(2, 0, 1).astype(np.float32))[None].to(self._device)
        with torch.no_grad():
            return np.asarray(self._network(batch)[0][0].argmax(0).cpu().numpy())


def _component_in_box(mask: Mask, face: Face) -> Mask:
    """The connected component of ``mask`` with the most pixels in the face's box; drops the faces of other people."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    height, width = mask.shape
    left, right = (int(np.clip(value, 0, width)) for value in (face.box[0], face.box[2]))
    top, bottom = (int(np.clip(value, 0, height)) for value in (face.box[1], face.box[3]))
    inside = np.bincount(labels[top:bottom, left:right].ravel(), minlength=count)
    inside[0] = 0
    return np.asarray(mask & (labels == int(inside.argmax()))) if inside.any() else mask
