"""The label of a picture with a person, from its infotext: XMP for its file, and the visible mark if one is set."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facechain_ext.errors import FaceChainError
from facechain_ext.labels import (
    Label,
    LabelSettings,
    kept_marks,
    label_settings,
    labelled_packet,
    read_packet,
    write_packet,
)
from facechain_ext.labels.containers import PNG_KEYWORD
from facechain_ext.labels.label import COMPOSITE, ENHANCED, JOINED, TRAINED
from facechain_ext.labels.visible import draw_label
from facechain_ext.labels.xmp import build_packet
from facechain_ext.recipes.arguments import IDENTITY_LABEL, RECIPE_LABEL
from facechain_ext.recipes.portrait_settings import PREFIX
from facechain_ext.text_values import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facechain_ext.faces.types import Pixels
    from facechain_ext.labels.label import SourceType

log = logging.getLogger(__name__)

PNG_EFFORT = 1
"""Of zlib's 9: a photo of 512 pixels takes a third of the time of Pillow's own 6, and a tenth more of the disk."""

_TEMPLATE_FACES, _QUALITY = f"{PREFIX} template faces", f"{PREFIX} quality"
_FROM_PHOTO = ("garment", "redraw")
"""Recipes that paint a part of a photo, or draw it anew."""
_SWAPPED = re.compile(r"\d: (?!pixelate)")
"""A face of a template that became somebody else's."""


def source_type(infotext: str) -> SourceType | None:
    """How the picture with this infotext was made, in IPTC's terms; None when no person was put into it.

    A picture from text alone is made by a model, one from a picture (inpainting, a painted template) in part. In a
    template of quality instant, photos are joined without a model; where faces were only pixelated, it is a photo.
    """
    line = infotext.strip().rpartition("\n")[2]
    if _value(line, RECIPE_LABEL) == "template":
        if not _SWAPPED.search(_value(line, _TEMPLATE_FACES)):
            return ENHANCED
        return JOINED if _value(line, _QUALITY) == "instant" else COMPOSITE
    if _value(line, RECIPE_LABEL) in _FROM_PHOTO:
        return COMPOSITE
    if not _value(line, IDENTITY_LABEL):
        return None
    from_picture = _value(line, "Denoising strength") and not _value(line, "Hires upscaler")
    return COMPOSITE if from_picture else TRAINED


def packet_for(infotext: str, inherited: Iterable[str | bytes] = ()) -> str:
    """The XMP packet of a picture; "" where no person was put into it, or labels are switched off.

    ``inherited`` are the packets of the pictures that it was made from. One that cannot be read is named in the log.
    """
    settings, kind = label_settings(), source_type(infotext)
    if kind is None or not settings.enabled:
        return ""
    label = Label(kind, producer=settings.producer.strip())
    return labelled_packet(label, filter(None, map(_readable, inherited)))


def _readable(packet: str | bytes) -> str | bytes:
    """The packet, or "" with a line in the log where it cannot be read."""
    try:
        if packet:
            kept_marks(packet)
    except FaceChainError as error:
        log.warning("The marks of the input picture are not kept: %s", error)
        return ""
    return packet


def label_image(picture: Image.Image, infotext: str, inherited: Iterable[str | bytes] = ()) -> str:
    """The packet of a picture in memory, set in its ``info`` where writers of PNG find it; one that is there stays."""
    packet = picture.info.get(PNG_KEYWORD)
    if not isinstance(packet, str) or not packet:
        packet = packet_for(infotext, inherited)
        if packet:
            picture.info[PNG_KEYWORD] = packet
    return packet


def encode_png(picture: Image.Image, infotext: str) -> bytes:
    """A picture's file as PNG, with its infotext where the webui looks for it, its label and the visible mark."""
    picture = mark_picture(picture, infotext)
    inside = PngInfo()
    if infotext:
        inside.add_text("parameters", replace_surrogates(infotext))
    packet = label_image(picture, infotext)
    if packet:
        inside.add_itxt(PNG_KEYWORD, packet)
    file = io.BytesIO()
    picture.save(file, format="PNG", pnginfo=inside, compress_level=PNG_EFFORT)
    return file.getvalue()


def packet_of_picture(picture: Image.Image) -> str | bytes:
    """The XMP that Pillow read with a picture, for its marks; "" without."""
    found = picture.info.get(PNG_KEYWORD) or picture.info.get("xmp")
    if not found:  # Pillow before 11 leaves that of a JPEG among its segments
        segments = [body for name, body in getattr(picture, "applist", ()) if name == "APP1"]
        found = next(
            (body.partition(b"\0")[2] for body in segments if body.startswith(b"http://ns.adobe.com/xap/")), ""
        )
    return found if isinstance(found, (str, bytes)) else ""


def kept_packet(packet: str) -> str:
    """The packet with the marks alone that are kept of an input picture's; "" without any."""
    readable = _readable(packet)
    marks = kept_marks(readable) if readable else {}
    return build_packet(marks) if marks else ""


def label_file(content: bytes, infotext: str) -> bytes:
    """``content`` of a picture's file with its label; marks that are in it already count as the input picture's."""
    packet = packet_for(infotext, [read_packet(content)])
    return write_packet(content, packet) if packet else content


def mark_picture(picture: Image.Image, infotext: str) -> Image.Image:
    """``picture`` with the visible label where one is set and a person was put in.

    A text whose letters no font here has is named in the log, and the label's default text stands in the picture.
    """
    settings = label_settings()
    if settings.corner == "off" or source_type(infotext) is None:
        return picture
    try:
        return draw_label(picture, settings.text, settings.corner)
    except FaceChainError as error:
        log.warning("%s The picture bears “%s”.", error, LabelSettings.text)
        return draw_label(picture, LabelSettings.text, settings.corner)


def mark_pixels(pixels: Pixels, infotext: str) -> Pixels:
    """The same for pixels uint8 [h, w, 3]."""
    if label_settings().corner == "off":
        return pixels
    marked: Pixels = np.asarray(mark_picture(Image.fromarray(pixels), infotext))
    return marked


def _value(line: str, label: str) -> str:
    """What an infotext's last line says under a label, without quotation marks; "" when it does not."""
    found = re.search(rf'(?:^|, ){re.escape(label)}: ("(?:\\.|[^\\"])*"|[^,]*)', line)
    return found[1].strip().strip('"') if found else ""
