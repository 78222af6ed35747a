"""Upright square crops: around faces, the input of most face networks, and of a picture's middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels


def upright_crop(
    pixels: Pixels, centre: tuple[float, float], side: float, roll: float, size: int
) -> tuple[Pixels, NDArray[np.float64]]:
    """A square of ``side`` pixels around ``centre``, rotated upright by ``roll`` degrees, at ``size`` pixels.

    Returns the crop uint8 [size, size, 3], with the border repeated beyond the picture, and the warp
    float64 [2, 3] that maps positions in the crop to positions in the picture.
    """
    scale, angle = side / size, np.radians(roll)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (size - 1) / 2
    warp = np.column_stack([linear, np.array(centre) - linear @ (middle, middle)])
    # Work on the neighbourhood only, shrunk by area averages when it is much larger than the crop.
    reach = side * 0.75 + 2
    height, width = pixels.shape[:2]
    left, top = (int(np.clip(c - reach, 0, limit - 1)) for c, limit in zip(centre, (width, height), strict=True))
    right, bottom = (int(np.clip(c + reach + 1, 1, limit)) for c, limit in zip(centre, (width, height), strict=True))
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    neighbourhood = pixels[top:bottom, left:right]
    inner = warp.copy()
    inner[:, 2] -= (left, top)
    if scale > 2:
        shrunk = (max(round((right - left) * 2 / scale), 1), max(round((bottom - top) * 2 / scale), 1))
        ratio = np.array([shrunk[0] / (right - left), shrunk[1] / (bottom - top)])
        neighbourhood = cv2.resize(neighbourhood, shrunk, interpolation=cv2.INTER_AREA)
        inner[:, 2] = (inner[:, 2] + 0.5) * ratio - 0.5
        inner[:, :2] *= ratio[:, None]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(
        np.ascontiguousarray(neighbourhood), inner, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return crop, warp


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


def middle_square(picture: Pixels, side: int) -> Pixels:
    """The middle of an RGB picture uint8 [h, w, 3] as [side, side, 3], its shorter side scaled to ``side`` (bicubic).

    What CLIPImageProcessor does by default.
    """
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    size = (max(int(width * scale), side), max(int(height * scale), side))
    scaled = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    return np.ascontiguousarray(scaled[top : top + side, left : left + side])
