"""A picture file decoded, with everything that it holds besides its colours. Every interface decodes pictures here."""

from __future__ import annotations

import io
import logging
import struct
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile, ImageOps

from facechain_ext.errors import PhotoError
from facechain_ext.faces.colors import split_alpha, to_rgb
from facechain_ext.faces.png_chunks import SIGNATURE, CleanPng, clean_png
from facechain_ext.storage.paths import special_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

MAX_PIXELS = 50_000_000
"""Largest picture that is decoded: that of a 50-megapixel camera; larger ones are bombs or needless scans."""
MAX_BYTES = 200_000_000
"""Largest file that is read: a 50-megapixel uncompressed 24-bit picture has 150 MB."""
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF", "PPM", "TGA")
"""The formats that are tried, where this Pillow has them; EPS and others that start programs are not among them."""
_SINGLE_PHOTO_FORMATS = ("MPO", "HEIF")
"""Formats whose further frames belong to one photo (preview, depth map, stereo view) and are no animation."""
_ORIENTATION = 0x0112

_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, EOFError, OverflowError, AttributeError,
    NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise on damaged files."""


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A picture, upright.

    ``pixels`` is uint8 [h, w, 3] in the RGB colours of ``icc_profile`` (None: sRGB), not composited on white;
    ``alpha`` is the opacity uint8 [h, w] or None. ``mode`` is Pillow's name for how the file stores it,
    ``orientation`` the EXIF orientation that was applied (1..8), ``exif`` the EXIF data of the file, ``frames`` the
    number of frames of an animation (1 for photos with a preview). ``notes`` name what was lost in decoding.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8] | None
    mode: str
    orientation: int = 1
    icc_profile: bytes | None = None
    exif: bytes | None = None
    frames: int = 1
    notes: tuple[str, ...] = ()


def read_picture_file(path: Path) -> bytes:
    """The content of a picture file.

    Raises PhotoError when it is missing, too large, or no plain file (reading a pipe would block).
    """
    try:
        special = special_file(path)
        if special:
            raise PhotoError(f"{path} is {special}, not a file; save the picture as a file and give that.")
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


def decode_picture(
    content: bytes, name: str, max_pixels: int = MAX_PIXELS, *, keep_profile: bool = False
) -> DecodedImage:
    """The first picture in the bytes ``content`` of a file; messages call it ``name``.

    With ``keep_profile`` the values of RGB and greyscale are not converted, and ``icc_profile`` is the profile of the
    file, readable or not. Raises PhotoError when it is empty, too large, damaged, cut short or no
    picture.
    """
    if not content:
        raise PhotoError(f"{name} is empty; choose another file.")
    if len(content) > MAX_BYTES:
        raise PhotoError(f"{name} has {len(content) / 1e6:.0f} MB, over {MAX_BYTES / 1e6:.0f}; save it as JPEG first.")
    clean = clean_png(content) if content.startswith(SIGNATURE) else CleanPng(content)
    Image.init()
    formats = [known for known in FORMATS if known in Image.OPEN]
    try:
        image = Image.open(io.BytesIO(clean.content), formats=formats)
    except Image.DecompressionBombError:
        raise PhotoError(f"{name} has over {max_pixels / 1e6:.0f} megapixels; scale it down first.") from None
    except _DECODER_ERRORS as error:
        log.info("%s: %s", name, error)
        raise PhotoError(_unsupported(content, name) or _not_a_picture(name)) from None
    with image:
        if image.format == "PNG":
            image.info["png_bit_depth"] = content[24]
        try:
            return decode_image(
                image,
                name,
                max_pixels,
                profile=clean.profile,
                damaged_profile=clean.damaged,
                keep_profile=keep_profile,
            )
        except PhotoError:
            unsupported = _unsupported(content, name) if image.format == "AVIF" else ""
            if unsupported:
                raise PhotoError(unsupported) from None
            raise


def decode_image(
    image: Image.Image,
    name: str,
    max_pixels: int = MAX_PIXELS,
    *,
    profile: bytes | None = None,
    damaged_profile: bool = False,
    keep_profile: bool = False,
) -> DecodedImage:
    """The first frame of a Pillow image; ``profile`` replaces its own; see ``decode_picture``.

    Raises PhotoError when it has no pixels, too many, or cannot be decoded.
    """
    check_size(image.size, name, max_pixels)
    if image.format == "TIFF" and _has_deep_planes(image):
        raise PhotoError(f"{name} is a TIFF of separate colours of over 8 bits, which is not read; save it as PNG.")
    notes: list[str] = []
    frames = 1 if image.format in _SINGLE_PHOTO_FORMATS else int(getattr(image, "n_frames", 1) or 1)
    if frames > 1:
        notes.append(f"{name} has several frames; the first one is used.")
    try:
        with _RejectTruncatedFiles():
            image.load()
        mode, exif = image.mode, image.info.get("exif")
        profile = profile or image.info.get("icc_profile")
        plain, alpha = split_alpha(image)
        profile = profile if isinstance(profile, bytes) else None
        if keep_profile and plain.mode in ("L", "RGB"):
            rgb = plain.convert("RGB")
        else:
            rgb, profile = to_rgb(plain, profile, name, notes)
    except _DECODER_ERRORS as error:
        log.info("%s: %s", name, error)
        raise PhotoError(f"{name} is damaged or cut short; copy or download it again.") from None
    if damaged_profile:
        notes.append(f"{name} has a colour profile that cannot be read; colours may be off.")
    orientation = _read_orientation(image, name, notes)
    opacity = None if alpha is None else np.asarray(apply_orientation(Image.fromarray(alpha), orientation))
    pixels = np.asarray(apply_orientation(rgb, orientation), dtype=np.uint8)
    return DecodedImage(
        np.ascontiguousarray(pixels),
        None if opacity is None else np.ascontiguousarray(opacity),
        mode,
        orientation,
        profile,
        exif if isinstance(exif, bytes) else None,
        frames,
        tuple(notes),
    )


def _has_deep_planes(image: Image.Image) -> bool:
    """Whether a TIFF stores each colour apart in more than 8 bits, of which Pillow reads the bytes as pixels."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (1,))
    return tags.get(284) == 2 and max(bits if isinstance(bits, tuple) else (bits,)) > 8


def _read_orientation(image: Image.Image, name: str, notes: list[str]) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
        return int(found) if 1 <= int(found) <= 8 else 1
    except _DECODER_ERRORS as error:
        log.warning("%s: orientation unreadable (%s), taken as upright", name, error)
        notes.append(f"{name} has damaged EXIF data; it is taken as upright.")
        return 1


def apply_orientation(image: Image.Image, orientation: int) -> Image.Image:
    """A picture of mode L, LA, RGB or RGBA rotated and mirrored by its EXIF ``orientation`` (1..8)."""
    if orientation == 1:
        return image
    plain = Image.fromarray(np.asarray(image))  # without EXIF data of its own
    plain.getexif()[_ORIENTATION] = orientation
    return ImageOps.exif_transpose(plain) or plain


def exif_orientation(exif: bytes | None) -> int:
    """The orientation that EXIF data holds, 1 where it holds none."""
    found = Image.Exif()  # type: ignore[no-untyped-call]
    try:
        found.load(exif or b"")  # type: ignore[no-untyped-call]
        return int(found.get(_ORIENTATION, 1))
    except _DECODER_ERRORS:
        return 1


def undo_orientation(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The inverse of ``apply_orientation`` for pixels [h, w] or [h, w, n]."""
    inverse = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, 1)
    return np.ascontiguousarray(np.asarray(apply_orientation(Image.fromarray(pixels), inverse)))


def _not_a_picture(name: str) -> str:
    return f"{name} is not a picture that can be read; use a JPEG, PNG or WebP file."


def _unsupported(content: bytes, name: str) -> str:
    """The message for AVIF and HEIC files, which not every Pillow reads; "" for other contents."""
    if content[4:8] != b"ftyp":
        return ""
    length = min(int.from_bytes(content[:4], "big"), 512)
    brands = {content[at : at + 4] for at in (8, *range(16, length, 4))}
    if brands & {b"avif", b"avis"}:
        kind = "an AVIF"
    elif brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        kind = "a HEIC"
    else:
        return ""
    return f"{name} is {kind} photo, which this Pillow cannot read; save it as JPEG and try again."


def check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Raise PhotoError unless a picture of ``size`` (width, height) has from 1 to ``max_pixels`` pixels."""
    width, height = size
    if width < 1 or height < 1:
        raise PhotoError(f"{name} has no pixels; choose another file.")
    if width * height > max_pixels:
        raise PhotoError(
            f"{name} is {width}x{height}, {width * height / 1e6:.0f} megapixels where {max_pixels / 1e6:.0f} are "
            "allowed; scale it down first."
        )


class _RejectTruncatedFiles:
    """Make Pillow refuse truncated files, also where a host has set it to fill them up with grey."""

    _lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()
        self._previous = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False

    def __exit__(self, *_: object) -> None:
        ImageFile.LOAD_TRUNCATED_IMAGES = self._previous
        self._lock.release()
