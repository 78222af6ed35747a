"""Pictures in: any photo a user may hand over becomes upright 8-bit RGB, or one sentence says why not."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile, ImageOps

from facechain_ext.errors import PhotoError
from facechain_ext.faces.latest import Latest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

MAX_PIXELS = 50_000_000
"""Largest picture that is decoded: a 50-megapixel camera's; more is a bomb or a scan that gains nothing here."""
MAX_BYTES = 200_000_000
"""Largest file that is read: a 50-megapixel uncompressed 24-bit picture has 150 MB."""
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF", "PPM", "TGA")
"""The formats that are tried, where this Pillow has them; EPS and others that start programs are not among them."""
_CACHED_BYTES = 256 << 20
"""Decoded pictures kept: seven of 12 megapixels."""

_BROKEN_FILE = (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, EOFError, OverflowError)
"""What Pillow's decoders raise on damaged files (struct.error and zlib.error arrive wrapped in these)."""


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
        return _from_bytes(_read_file(path), name or path.name, max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), name or "the picture", max_pixels)
    name = name or "the picture"
    if isinstance(source, Image.Image):
        _check_size(source.size, name, max_pixels)
        pixels, notes = _decode(source, name)
    elif isinstance(source, np.ndarray):
        pixels, notes = _from_array(source, name, max_pixels), ()
    else:
        raise PhotoError(f"{name} is a {type(source).__name__}, not a picture; give a file, bytes or an array.")
    return _picture(pixels, name, notes)


def _read_file(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PhotoError(f"{path.name} has {size / 1e6:.0f} MB, over {MAX_BYTES / 1e6:.0f}; save it as JPEG first.")
        return path.read_bytes()
    except FileNotFoundError:
        raise PhotoError(f"There is no file {path}; check the path of the photo.") from None
    except IsADirectoryError:
        raise PhotoError(f"{path} is a folder; give one photo in it.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise PhotoError(f"{path} cannot be read ({error}); check the path and the permissions.") from None


_decoded: Latest[Picture] = Latest(_CACHED_BYTES, lambda picture: picture.pixels.nbytes)


def _from_bytes(data: bytes, name: str, max_pixels: int) -> Picture:
    """Decode once per content: the same file again costs one hash."""
    key = hashlib.sha256(data).digest()
    known = _decoded.get(key)
    if known is not None:
        _check_size((known.width, known.height), name, max_pixels)
        return Picture(known.pixels, known.digest, name, known.notes)
    with _open(data, name, max_pixels) as image:
        pixels, notes = _decode(image, name)
    picture = _picture(pixels, name, notes)
    _decoded.keep(key, picture)
    return picture


def forget_decoded() -> None:
    """Drop the decoded pictures that are kept."""
    _decoded.forget()


def _open(data: bytes, name: str, max_pixels: int) -> Image.Image:
    if not data:
        raise PhotoError(f"{name} is empty; choose another file.")
    if len(data) > MAX_BYTES:
        raise PhotoError(f"{name} has {len(data) / 1e6:.0f} MB, over {MAX_BYTES / 1e6:.0f}; save it as JPEG first.")
    Image.init()
    formats = [known for known in FORMATS if known in Image.OPEN]
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1") and "HEIF" not in formats:
        raise PhotoError(f"{name} is a HEIC photo, which this Pillow cannot read; save it as JPEG and try again.")
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError:
        raise PhotoError(f"{name} has over {max_pixels / 1e6:.0f} megapixels; scale it down first.") from None
    except _BROKEN_FILE:
        raise PhotoError(f"{name} is not a picture that can be read; use a JPEG, PNG or WebP file.") from None
    _check_size(image.size, name, max_pixels)
    return image


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PhotoError(f"{name} has no pixels; choose another file.")
    if width * height > max_pixels:
        raise PhotoError(
            f"{name} is {width}x{height}, {width * height / 1e6:.0f} megapixels where {max_pixels / 1e6:.0f} are "
            "allowed; scale it down first."
        )


def _decode(image: Image.Image, name: str) -> tuple[Pixels, tuple[str, ...]]:
    """Upright sRGB pixels of the first frame, and notes."""
    notes: list[str] = []
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # an MPO's other frames are the same view
        notes.append(f"{name} has several frames; the first one is used.")
    try:
        with _whole_files_only():
            image.load()
    except _BROKEN_FILE:
        raise PhotoError(f"{name} is damaged or cut short; copy or download it again.") from None
    try:
        image = ImageOps.exif_transpose(image) or image
    except _BROKEN_FILE as error:
        log.warning("%s: orientation unreadable (%s), taken as upright", name, error)
        notes.append(f"{name} has damaged EXIF data; it is taken as upright.")
    image = _to_8_bit(image)
    image = _to_srgb(image, name, notes)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"), dtype=np.uint8), tuple(notes)


class _whole_files_only:  # noqa: N801 - a context manager reads like a function
    """Make Pillow refuse files that end early, even where a host has told it to fill up with grey."""

    _lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()
        self._before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False

    def __exit__(self, *_: object) -> None:
        ImageFile.LOAD_TRUNCATED_IMAGES = self._before
        self._lock.release()


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Greyscale of more than 8 bits a pixel, brought to 8; other modes as they are."""
    if not (image.mode in ("I", "F") or image.mode.startswith("I;16")):
        return image
    values = np.asarray(image, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    # float files hold 0..1 or 0..255, integer files 0..255 or 0..65535; the largest value tells which
    scale = 255.0 if image.mode == "F" and top <= 1.0 else 1.0 if top <= 255.0 else 1.0 / 257.0
    if image.mode.startswith("I;16"):
        scale = 1.0 / 257.0
    return Image.fromarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8))


def _to_srgb(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """Colours as the embedded profile means them; phones write Display P3, printers' files are CMYK."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        from PIL import ImageCms
    except ImportError:
        log.info("%s: this Pillow has no colour management; its profile is ignored", name)
        return image
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(given).lower():
            return image
        converted = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.warning("%s: colour profile unreadable (%s)", name, error)
        notes.append(f"{name} has a colour profile that cannot be read; colours may be off.")
        return image
    return converted or image


def _from_array(array: NDArray[np.generic], name: str, max_pixels: int) -> Pixels:
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise PhotoError(f"{name} has shape {list(array.shape)}; a picture has [height, width] or [height, width, 3].")
    _check_size((array.shape[1], array.shape[0]), name, max_pixels)
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
