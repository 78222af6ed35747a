"""The template as a file: what of it is changed is RGB, what else it holds comes out as it went in."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.weights.whole import whole_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

MIN_SIDE, MAX_SIDE = 64, 8000
"""Sides of a template in pixels."""
PNG_EFFORT = 1
"""Of zlib's 9: a photo of 512 pixels takes a third of the time of Pillow's own 6, and a tenth more of the disk."""
_EXACT = ("RGB", "RGBA", "L")
"""Modes whose pixels are kept byte for byte; others become RGB."""
_ORIENTATION = 0x0112
_BACK = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""EXIF orientation -> the orientation whose transposition undoes it."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """A template: ``pixels`` uint8 [h, w, 3] upright, and what its file holds besides."""

    pixels: Pixels
    digest: str
    name: str
    notes: tuple[str, ...]
    mode: str
    alpha: NDArray[np.uint8] | None
    orientation: int
    icc_profile: bytes | None
    exif: bytes | None

    def save(self, pixels: Pixels, path: Path, settings_text: str = "") -> None:
        """Write ``pixels`` (upright, the template's size) as PNG with the template's alpha, profile and orientation.

        ``settings_text`` goes where the webui looks for it. The file appears when it is whole. Raises PhotoError when
        it exists.
        """
        if path.exists():
            raise PhotoError(f"{path.name} exists already and is not overwritten; choose another name.")
        content = self.encoded(pixels, settings_text)
        with whole_file(path) as part:
            part.write_bytes(content)

    def encoded(self, pixels: Pixels, settings_text: str = "") -> bytes:
        """``pixels`` as the PNG that ``save`` writes, with ``settings_text`` where the webui looks for it."""
        extra = {key: value for key, value in (("icc_profile", self.icc_profile), ("exif", self.exif)) if value}
        inside = PngInfo()
        if settings_text:
            inside.add_text("parameters", settings_text)
        file = io.BytesIO()
        self._stored(pixels).save(file, format="PNG", pnginfo=inside, compress_level=PNG_EFFORT, **extra)
        return file.getvalue()

    def picture(self, pixels: Pixels) -> Image.Image:
        """``pixels`` as a picture to look at: upright, with the template's alpha."""
        return _upright(self._stored(pixels), self.orientation)

    def _stored(self, pixels: Pixels) -> Image.Image:
        """``pixels`` turned as the template's file has them, in a mode that keeps what it held."""
        picture = _upright(Image.fromarray(pixels), _BACK.get(self.orientation, 1))
        if self.alpha is not None:
            picture.putalpha(Image.fromarray(self.alpha))
        elif self.mode == "L" and np.array_equal(pixels[..., 0], pixels[..., 1]):
            picture = picture.convert("L")
        return picture


def read_canvas(source: Path | bytes, *, name: str = "") -> Canvas:
    """Read a template.

    Raises PhotoError when it is no picture, animated, or has sides outside MIN_SIDE..MAX_SIDE.
    """
    content = source.read_bytes() if isinstance(source, Path) and source.is_file() else source
    label = name or (source.name if isinstance(source, Path) else "the template")
    upright = read_picture(content, name=label)  # says what is wrong with the file; limits its size
    assert not isinstance(content, Path)
    with Image.open(io.BytesIO(content)) as opened:
        if getattr(opened, "n_frames", 1) > 1:
            raise PhotoError(f"{label} is animated; choose a single picture as the template.")
        mode, orientation = opened.mode, int(opened.getexif().get(_ORIENTATION, 1))
        icc, exif = opened.info.get("icc_profile"), opened.info.get("exif")
        stored = np.asarray(opened.convert("RGBA" if "A" in mode else "RGB"))
    height, width = stored.shape[:2]
    if not MIN_SIDE <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise PhotoError(f"{label} is {width}x{height}; a template has sides from {MIN_SIDE} to {MAX_SIDE} pixels.")
    pixels = np.asarray(_upright(Image.fromarray(np.ascontiguousarray(stored[..., :3])), orientation))
    notes = () if mode in _EXACT else (f"{label} is of mode {mode} and becomes RGB.",)
    alpha = np.ascontiguousarray(stored[..., 3]) if stored.shape[2] == 4 else None
    return Canvas(pixels, upright.digest, label, notes, mode, alpha, orientation, icc, exif)


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    if orientation not in _BACK:
        return picture
    picture.getexif()[_ORIENTATION] = orientation
    turned = ImageOps.exif_transpose(picture)
    assert turned is not None
    return turned
