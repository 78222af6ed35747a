"""What CLIP's vision transformer is given of a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.faces.types import Pixels

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
"""Means and standard deviations of CLIP's training pictures, RGB in 0..1 (CLIPImageProcessor's defaults)."""


def clip_pixels(picture: Pixels, side: int = 224) -> Tensor:
    """An RGB picture uint8 [h, w, 3] as float32 [3, side, side], normalised.

    The shorter side is scaled to ``side`` (bicubic), the middle square is kept: the published preparation, which knows
    no face. Crop to head and shoulders first where the face is small.
    """
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    size = (max(int(width * scale), side), max(int(height * scale), side))
    scaled = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    crop = scaled[top : top + side, left : left + side].astype(np.float32) / 255
    return torch.from_numpy(((crop - MEAN) / STD).astype(np.float32)).permute(2, 0, 1).contiguous()


def head_and_shoulders(picture: Pixels, box: tuple[float, float, float, float]) -> Pixels:
    """The square around a face's ``box`` (left, top, right, bottom in pixels), three face heights high.

    The face is in its upper half. What the picture does not hold is filled from its edge.
    """
    left, top, right, bottom = box
    side = max(round(3.0 * (bottom - top)), 1)
    x0 = round((left + right) / 2 - side / 2)
    y0 = round(top - 0.25 * side)
    height, width = picture.shape[:2]
    pads = (max(-y0, 0), max(y0 + side - height, 0), max(-x0, 0), max(x0 + side - width, 0))
    padded = cv2.copyMakeBorder(picture, *pads, borderType=cv2.BORDER_REPLICATE)
    y0, x0 = y0 + pads[0], x0 + pads[2]
    return np.ascontiguousarray(padded[y0 : y0 + side, x0 : x0 + side])
