"""The colours of a decoded picture: more than 8 bits, transparency and colour profiles, for every mode of Pillow."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
_PROBE = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype=np.uint8)] * 3), -1).reshape(1, -1, 3)
"""Colours by which a profile is compared with sRGB, uint8 [1, n, 3]."""


def split_alpha(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """The picture in 8 bits without its transparency (of mode L, RGB, CMYK or LAB), and its opacity uint8 [h, w].

    The opacity is None where the picture has none.
    """
    if _has_high_bit_depth(image):
        return _high_bit_depth_to_8_bits(image)
    key = image.info.get("transparency")
    if image.mode in _WITH_ALPHA or (image.mode == "P" and key is not None):
        full = image.convert("RGBA")
        grey = image.mode in ("LA", "La")
        return full.convert("L" if grey else "RGB"), np.array(full.getchannel("A"), dtype=np.uint8)
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        one_bit = image.mode == "1"
        key = 255 if one_bit and key else key
        image = image.convert("L" if one_bit else "RGB")
    if image.mode == "L" and isinstance(key, int):
        return image, _color_key_alpha(
            np.asarray(image)[..., None], (_scale_to_8_bits(key, image.info.get("png_bit_depth")),)
        )
    if image.mode == "RGB" and isinstance(key, tuple) and len(key) == 3:
        has_16_bits = any(value > 255 for value in key)  # a 16-bit PNG, of which Pillow gives the upper bytes
        return image, _color_key_alpha(np.asarray(image), tuple(value >> 8 if has_16_bits else value for value in key))
    return image, None


def _color_key_alpha(pixels: NDArray[np.uint8], key: tuple[int, ...]) -> NDArray[np.uint8]:
    """Opacity 0 where a pixel has the colour ``key`` that marks transparency, else 255: uint8 [h, w]."""
    transparent: NDArray[np.bool_] = (pixels == np.array(key)).all(axis=-1)
    return np.where(transparent, 0, 255).astype(np.uint8)


def _scale_to_8_bits(value: int, depth: object) -> int:
    """A grey value of a PNG of ``depth`` bits, as Pillow scales its pixels but not its transparency."""
    return value * 255 // (2**depth - 1) if isinstance(depth, int) and 1 < depth < 8 else value


def _has_high_bit_depth(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _high_bit_depth_to_8_bits(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """Greyscale of more than 8 bits a pixel, brought to 8."""
    values = np.asarray(image)
    key = image.info.get("transparency")
    alpha = np.where(values == key, 0, 255).astype(np.uint8) if isinstance(key, int) else None
    values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode == "I" and values.min(initial=0.0) < 0:  # Pillow gives unsigned numbers with the sign of 32 bits
        values = np.where(values < 0, values + 2.0**32, values)
    top = float(values.max(initial=0.0))
    if image.mode.startswith("I;16") or image.format in ("PNG", "PPM"):  # these have 16 bits, whatever the mode
        scale = 1 / 257
    elif image.mode == "F" and top <= 1.0:
        scale = 255.0
    else:  # such files do not define white; the scale is derived from the largest value
        scale = 1.0 if top <= 255.0 else 1 / 257 if top <= 65535.0 else 255 / top
    grey = np.clip(values * scale + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(grey), alpha


def to_rgb(image: Image.Image, profile: bytes | None, name: str, notes: list[str]) -> tuple[Image.Image, bytes | None]:
    """A picture of mode L, RGB, CMYK or LAB as RGB, and the RGB profile that still applies to it.

    Profiles of other colour spaces (grey, CMYK) are applied, so that the colours are sRGB. Losses are added
    to ``notes``.
    """
    if image.mode == "LAB":
        return _lab_to_srgb(image, name, notes), None
    if not profile:
        return image.convert("RGB"), None
    color_space = _color_space(profile)
    if color_space == "RGB " and image.mode in ("RGB", "L"):
        return image.convert("RGB"), profile
    if (color_space, image.mode) in (("CMYK", "CMYK"), ("GRAY", "L")):
        return _apply_profile(image, profile, name, notes), None
    log.warning("%s: a colour profile of kind %r for a picture of mode %s", name, color_space, image.mode)
    notes.append(f"{name} has a colour profile that cannot be read; colours may be off.")
    return image.convert("RGB"), None


def to_srgb(image: Image.Image, profile: bytes | None, name: str, notes: list[str]) -> Image.Image:
    """An RGB picture converted from ``profile`` to sRGB; unchanged where the profile equals sRGB."""
    return _apply_profile(image, profile, name, notes) if profile else image


def _color_space(profile: bytes) -> str:
    """The colour space in the header of a profile: "RGB ", "GRAY", "CMYK"; "" for bytes that are no profile."""
    return profile[16:20].decode("latin-1") if len(profile) >= 128 and profile[36:40] == b"acsp" else ""


def _apply_profile(image: Image.Image, profile: bytes, name: str, notes: list[str]) -> Image.Image:
    try:
        from PIL import ImageCms
    except ImportError:
        notes.append(f"{name} has a colour profile, and this Pillow has no colour management; colours may be off.")
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        transform = ImageCms.buildTransform(source, srgb, image.mode, "RGB")
        if image.mode == "RGB":
            probe = ImageCms.applyTransform(Image.fromarray(_PROBE), transform)
            if probe is not None and np.abs(np.asarray(probe).astype(int) - _PROBE).max() <= 2:
                return image
        return ImageCms.applyTransform(image, transform) or image.convert("RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.warning("%s: colour profile unreadable (%s)", name, error)
        notes.append(f"{name} has a colour profile that cannot be read; colours may be off.")
        return image.convert("RGB")


def _lab_to_srgb(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    try:
        from PIL import ImageCms

        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    except (ImportError, OSError, ValueError, TypeError) as error:
        log.warning("%s: Lab colours cannot be converted (%s)", name, error)
        converted = None
    if converted is None:
        notes.append(f"{name} has Lab colours that cannot be converted; it is read as greyscale.")
        return image.getchannel(0).convert("RGB")
    return converted
