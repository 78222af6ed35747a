"""Pictures in: any photo a user may hand over becomes upright 8-bit RGB, or one sentence says why not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.colors import to_srgb
from facechain_ext.faces.decoding import MAX_PIXELS, check_size, decode_image, decode_picture, read_picture_file
from facechain_ext.storage.lru_cache import LRUCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.decoding import DecodedImage
    from facechain_ext.faces.types import Pixels

_CACHED_BYTES = 256 << 20
"""Decoded pictures kept: seven of 12 megapixels."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright RGB picture.

    ``pixels`` is uint8 [height, width, 3] and read-only, because equal files share one array; ``digest`` is the sha256
    of size and pixels in hexadecimal, the same for the same picture from a file, from bytes or from memory;
    ``name`` is for messages; ``notes`` say in words what was lost on the way (other frames, a colour profile).
    """

    pixels: Pixels
    digest: str
    name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])


def read_picture(
    source: Path | str | bytes | Image.Image | NDArray[np.generic] | Picture,
    *,
    name: str = "",
    max_pixels: int = MAX_PIXELS,
) -> Picture:
    """The picture in ``source``, upright, on white, in 8-bit sRGB.

    Args:
        source: a path (a ``str`` is a path too: never pass one that comes from a request), the bytes of a picture file,
            a PIL picture, an array [h, w], [h, w, 1], [h, w, 3] or [h, w, 4] of uint8, uint16 (0..65535), bool or float
            (0..1), RGB order; or a Picture, which is returned as it is.
        name: what to call it in messages; a path's file name by default.
        max_pixels: larger pictures are refused by their header, before anything is decoded.

    Raises:
        PhotoError: the source is missing, empty, too large, damaged, cut short, or no picture.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, Path)):
        path = Path(source)
        return _from_bytes(read_picture_file(path), name or path.name, max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), name or "the picture", max_pixels)
    name = name or "the picture"
    if isinstance(source, Image.Image):
        pixels, notes = _on_white(decode_image(source, name, max_pixels), name)
    elif isinstance(source, np.ndarray):
        pixels, notes = _from_array(source, name, max_pixels), ()
    else:
        raise PhotoError(f"{name} is a {type(source).__name__}, not a picture; give a file, bytes or an array.")
    return _picture(pixels, name, notes)


_decoded: LRUCache[Picture] = LRUCache(_CACHED_BYTES, lambda picture: picture.pixels.nbytes)


def _from_bytes(data: bytes, name: str, max_pixels: int) -> Picture:
    """Decode once per content: the same file again costs one hash."""
    key = hashlib.sha256(data).digest()
    known = _decoded.get(key)
    if known is not None:
        check_size((known.width, known.height), name, max_pixels)
        notes = tuple(note.replace(known.name, name, 1) for note in known.notes)
        return Picture(known.pixels, known.digest, name, notes)
    pixels, notes = _on_white(decode_picture(data, name, max_pixels), name)
    picture = _picture(pixels, name, notes)
    _decoded.put(key, picture)
    return picture


def clear_decoded_pictures() -> None:
    """Drop the decoded pictures that are kept."""
    _decoded.clear()


def _on_white(decoded: DecodedImage, name: str) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels in sRGB on white, and notes."""
    notes = list(decoded.notes)
    rgb = to_srgb(Image.fromarray(decoded.pixels), decoded.icc_profile, name, notes)
    if decoded.alpha is not None:
        rgb = Image.composite(rgb, Image.new("RGB", rgb.size, "white"), Image.fromarray(decoded.alpha))
    return np.array(rgb, dtype=np.uint8), tuple(notes)


def _from_array(array: NDArray[np.generic], name: str, max_pixels: int) -> Pixels:
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


def _picture(pixels: Pixels, name: str, notes: tuple[str, ...]) -> Picture:
    digest = hashlib.sha256(f"{pixels.shape[1]}x{pixels.shape[0]} ".encode())
    pixels = np.ascontiguousarray(pixels)
    digest.update(pixels.data)
    pixels.flags.writeable = False
    return Picture(pixels, digest.hexdigest(), name, notes)
