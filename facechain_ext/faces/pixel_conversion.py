"""Conversion of decoded pictures and arrays to 8-bit RGB on white."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.colors import to_srgb
from facechain_ext.faces.decoding import check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.decoding import DecodedImage
    from facechain_ext.faces.types import Pixels


def decoded_to_rgb(decoded: DecodedImage, name: str) -> tuple[Pixels, tuple[str, ...]]:
    """A decoded picture in sRGB on white, uint8 [h, w, 3], and its notes."""
    notes = list(decoded.notes)
    rgb = to_srgb(Image.fromarray(decoded.pixels), decoded.icc_profile, name, notes)
    if decoded.alpha is not None:
        rgb = Image.composite(rgb, Image.new("RGB", rgb.size, "white"), Image.fromarray(decoded.alpha))
    return np.array(rgb, dtype=np.uint8), tuple(notes)


def array_to_rgb(array: NDArray[np.generic], name: str, max_pixels: int) -> Pixels:
    """An array of any form that ``read_picture`` accepts as RGB on white, uint8 [h, w, 3].

    Raises:
        PhotoError: its shape, type or values are not those of a picture, or it has over ``max_pixels`` pixels.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise PhotoError(f"{name} has shape {list(array.shape)}; a picture has [height, width] or [height, width, 3].")
    check_size((array.shape[1], array.shape[0]), name, max_pixels)
    if array.dtype == np.uint8:
        values = array.astype(np.float32) if array.shape[2] == 4 else array
    elif array.dtype == np.uint16:
        values = array.astype(np.float32) / 257.0
    elif array.dtype == np.bool_ or np.issubdtype(array.dtype, np.floating):
        values = array.astype(np.float32) * 255.0
        if not np.isfinite(values).all() or values.min() < -1.0 or values.max() > 256.0:
            raise PhotoError(f"{name} holds numbers outside 0..1; give uint8 pixels or floats in 0..1.")
    else:
        raise PhotoError(f"{name} holds {array.dtype} numbers; give uint8 pixels or floats in 0..1.")
    if values.shape[2] == 4:
        opacity = values[:, :, 3:].astype(np.float32) / 255.0
        values = values[:, :, :3].astype(np.float32) * opacity + 255.0 * (1.0 - opacity)
    if values.dtype != np.uint8:
        values = np.clip(values.astype(np.float32) + 0.5, 0, 255).astype(np.uint8)
    return np.array(np.broadcast_to(values, (*values.shape[:2], 3)), dtype=np.uint8)
