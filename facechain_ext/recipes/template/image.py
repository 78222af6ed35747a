"""The template as a file: what of it is changed is RGB, what else it holds comes out as it went in."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.faces.decoding import decode_picture, exif_orientation, read_picture_file, undo_orientation
from facechain_ext.faces.picture import picture_digest
from facechain_ext.faces.pixel_conversion import decoded_to_rgb
from facechain_ext.labels import read_packet
from facechain_ext.labels.containers import PNG_KEYWORD
from facechain_ext.recipes.labelling import PNG_EFFORT, kept_packet, label_file, mark_pixels
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

MIN_SIDE, MAX_SIDE = 64, 8000
"""Sides of a template in pixels."""
_GREY = ("1", "L", "LA", "La")
"""Pillow's modes of greyscale in 8 bits or one."""
_KEPT = (*_GREY, "RGB", "RGBA", "RGBa", "P", "PA")
"""Modes of which nothing is lost in a PNG of greyscale or RGB, with or without opacity."""
_PAGED = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF begins, whose further pictures are pages and no animation."""


@dataclass(frozen=True, eq=False)
class TemplateImage:
    """A template: ``pixels`` uint8 [h, w, 3] upright, and what its file holds besides.

    ``alpha`` is its opacity uint8 [h, w], upright; a ``grey`` one comes out in greyscale, the new faces too.
    ``orientation`` is the EXIF number of how the file has it turned.
    """

    pixels: Pixels
    digest: str
    name: str
    notes: tuple[str, ...]
    grey: bool
    alpha: NDArray[np.uint8] | None
    orientation: int
    icc_profile: bytes | None
    exif: bytes | None
    marks: str = ""
    """The file's XMP packet, of which labels are kept."""

    def save(self, pixels: Pixels, path: Path, infotext: str = "") -> None:
        """Write ``pixels`` (upright, the template's size) as PNG with the template's alpha, profile and orientation.

        ``infotext`` goes where the webui looks for it, and decides which label the file gets. The file appears only
        when it is complete. Raises PhotoError when it exists.
        """
        check_free(path)
        content = self.labelled(pixels, infotext)
        try:
            with atomic_write(path, new=True) as part:
                part.write_bytes(content)
        except FileExistsError:  # somebody else was faster
            check_free(path)
            raise

    def labelled(self, pixels: Pixels, infotext: str) -> bytes:
        """``pixels`` as PNG with ``infotext``, the label of how it was made, and the visible mark where one is set."""
        return label_file(self.encoded(mark_pixels(pixels, infotext), infotext), infotext)

    def encoded(self, pixels: Pixels, infotext: str = "") -> bytes:
        """``pixels`` as PNG, with ``infotext`` where the webui looks for it and the marks of the template's label."""
        extra = {key: value for key, value in (("icc_profile", self.icc_profile), ("exif", self.exif)) if value}
        inside = PngInfo()
        if infotext:
            inside.add_text("parameters", infotext)
        marks = kept_packet(self.marks)
        if marks:
            inside.add_itxt(PNG_KEYWORD, marks)
        file = io.BytesIO()
        self._stored(pixels).save(file, format="PNG", pnginfo=inside, compress_level=PNG_EFFORT, **extra)
        return file.getvalue()

    def picture(self, pixels: Pixels) -> Image.Image:
        """``pixels`` as a picture to look at: upright, with the template's alpha."""
        picture = Image.fromarray(pixels)
        if self.grey:
            picture = picture.convert("L")
        if self.alpha is not None:
            picture.putalpha(Image.fromarray(self.alpha))  # L becomes LA
        return picture

    def _stored(self, pixels: Pixels) -> Image.Image:
        """``pixels`` as a picture that is turned as the template's file has them."""
        if self.orientation == 1:
            return self.picture(pixels)
        stored = np.asarray(self.picture(pixels))
        return Image.fromarray(undo_orientation(stored, self.orientation))


def image_of_pixels(pixels: Pixels, name: str) -> TemplateImage:
    """Pixels uint8 [h, w, 3] that are no file, as a template called ``name``."""
    return TemplateImage(
        pixels, picture_digest(pixels), name, (), grey=False, alpha=None, orientation=1, icc_profile=None, exif=None
    )


def check_free(path: Path) -> None:
    """Raise PhotoError when there is a file at ``path`` already."""
    if path.exists():
        raise PhotoError(f"{path.name} exists already and is not overwritten; choose another name.")


def read_template(source: Path | bytes, *, name: str = "") -> TemplateImage:
    """Read a template; of a photo with further views or pages, its first picture.

    Raises PhotoError when it is no picture, animated, or has sides outside MIN_SIDE..MAX_SIDE.
    """
    content = read_picture_file(source) if isinstance(source, Path) else source
    label = name or (source.name if isinstance(source, Path) else "the template")
    decoded = decode_picture(content, label, keep_profile=True)
    if decoded.frames > 1 and not content.startswith(_PAGED):
        raise PhotoError(f"{label} is animated; choose a single picture as the template.")
    height, width = decoded.pixels.shape[:2]
    if not MIN_SIDE <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise PhotoError(f"{label} is {width}x{height}; a template has sides from {MIN_SIDE} to {MAX_SIDE} pixels.")
    notes = decoded.notes
    if _deep(decoded.mode):
        notes = (*notes, f"{label} has more than 8 bits a pixel and becomes a picture of 8.")
    elif decoded.mode not in _KEPT:
        notes = (*notes, f"{label} is of mode {decoded.mode} and becomes RGB.")
    # only with a profile does the picture of the file differ from the values that are kept
    known = decoded.icc_profile is None
    return TemplateImage(
        decoded.pixels,
        picture_digest(decoded_to_rgb(decoded, label)[0]) if known else read_picture(content, name=label).digest,
        label,
        notes,
        decoded.mode in _GREY or _deep(decoded.mode),
        decoded.alpha,
        # one that XMP or a text holds is not written again: such a picture comes out upright
        decoded.orientation if exif_orientation(decoded.exif) == decoded.orientation else 1,
        decoded.icc_profile,
        decoded.exif,
        read_packet(content),
    )


def _deep(mode: str) -> bool:
    """Whether pixels of a mode of Pillow have more than 8 bits; all such modes are greyscale."""
    return mode in ("I", "F") or mode.startswith("I;16")
