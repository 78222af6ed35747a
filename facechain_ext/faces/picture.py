"""Reading pictures of any source as upright 8-bit RGB, with a cache of decoded files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.decoding import MAX_PIXELS, check_size, decode_image, decode_picture, read_picture_file
from facechain_ext.faces.pixel_conversion import array_to_rgb, decoded_to_rgb
from facechain_ext.storage.lru_cache import LRUCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

_CACHE_BYTES = 256 << 20
"""Capacity of the cache of decoded pictures: seven of 12 megapixels."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright RGB picture.

    ``pixels`` is uint8 [height, width, 3] and read-only, because equal files share one array; ``digest`` is the sha256
    of size and pixels in hexadecimal, the same for the same picture from a file, from bytes or from memory;
    ``name`` is for messages; ``notes`` name what was lost in decoding (other frames, a colour profile).
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
        name: its name in messages; a path's file name by default.
        max_pixels: larger pictures are refused by their header, before decoding.

    Raises:
        PhotoError: the source is missing, empty, too large, damaged, cut short, or no picture.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, Path)):
        path = Path(source)
        return _read_bytes(read_picture_file(path), name or path.name, max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read_bytes(bytes(source), name or "the picture", max_pixels)
    name = name or "the picture"
    if isinstance(source, Image.Image):
        pixels, notes = decoded_to_rgb(decode_image(source, name, max_pixels), name)
    elif isinstance(source, np.ndarray):
        pixels, notes = array_to_rgb(source, name, max_pixels), ()
    else:
        raise PhotoError(f"{name} is a {type(source).__name__}, not a picture; give a file, bytes or an array.")
    return _make_picture(pixels, name, notes)


_decoded: LRUCache[Picture] = LRUCache(_CACHE_BYTES, lambda picture: picture.pixels.nbytes)


def _read_bytes(data: bytes, name: str, max_pixels: int) -> Picture:
    """The picture in the bytes of a file; equal bytes are decoded once."""
    key = hashlib.sha256(data).digest()
    cached = _decoded.get(key)
    if cached is not None:
        check_size((cached.width, cached.height), name, max_pixels)
        notes = tuple(note.replace(cached.name, name, 1) for note in cached.notes)
        return Picture(cached.pixels, cached.digest, name, notes)
    pixels, notes = decoded_to_rgb(decode_picture(data, name, max_pixels), name)
    picture = _make_picture(pixels, name, notes)
    _decoded.put(key, picture)
    return picture


def clear_decoded_pictures() -> None:
    """Empty the cache of decoded pictures."""
    _decoded.clear()


def picture_digest(pixels: Pixels) -> str:
    """The sha256 of the size and the values of RGB ``pixels`` in hexadecimal, as ``Picture.digest`` has it."""
    digest = hashlib.sha256(f"{pixels.shape[1]}x{pixels.shape[0]} ".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def _make_picture(pixels: Pixels, name: str, notes: tuple[str, ...]) -> Picture:
    pixels = np.ascontiguousarray(pixels)
    digest = picture_digest(pixels)
    pixels.flags.writeable = False
    return Picture(pixels, digest, name, notes)
