"""What CLIP's vision transformer is given of a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from facechain_ext.faces.crop import middle_square

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
    crop = middle_square(picture, side).astype(np.float32) / 255
    return torch.from_numpy(((crop - MEAN) / STD).astype(np.float32)).permute(2, 0, 1).contiguous()
