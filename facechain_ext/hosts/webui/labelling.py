"""Labels in the pictures that the webui saves, shows and answers with."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError
from facechain_ext.labels import read_packet, write_packet
from facechain_ext.labels.containers import PNG_KEYWORD
from facechain_ext.recipes.labelling import label_image, mark_picture, packet_for, packet_of_picture
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from facechain_ext.hosts.webui.host_types import ImageSaveParams, PostprocessedImage, Processed, Processing

log = logging.getLogger(__name__)

_INFOTEXT = "parameters"
"""The webui's key of the infotext in ``info`` and among a PNG's texts."""
_FORMATS = (".png", ".jpg", ".jpeg", ".webp", ".avif")


def mark_before_saving(p: Processing, processed: PostprocessedImage) -> None:
    """Draw the visible label, where one is set, into a picture of a generation with a person."""
    infotext = ", ".join(f"{label}: {value}".replace("\n", " ") for label, value in p.extra_generation_params.items())
    processed.image = mark_picture(processed.image, infotext)


def on_before_image_saved(params: ImageSaveParams) -> None:
    """Label a picture that the webui is about to save; the webui writes the entry into a PNG as XMP."""
    infotext = str(params.pnginfo.get(_INFOTEXT) or "")
    earlier = params.pnginfo.get(PNG_KEYWORD)  # the Extras tab hands on the texts of the picture that it changes
    if isinstance(earlier, str) and earlier:
        params.image.info.setdefault(PNG_KEYWORD, earlier)
    packet = label_image(params.image, infotext, _marks(params.p))
    if packet:
        params.pnginfo[PNG_KEYWORD] = packet


def on_image_saved(params: ImageSaveParams) -> None:
    """Label the file of a saved picture where the webui could not: other formats than PNG, or no text in PNG."""
    packet = params.pnginfo.get(PNG_KEYWORD)
    if not isinstance(packet, str) or not packet:
        return
    path = Path(params.filename)
    for file in dict.fromkeys((path, path.with_suffix(".jpg"))):  # a second, smaller JPEG of a large picture
        if file.suffix.lower() in _FORMATS and file.is_file():
            write_label(file, packet)


def label_results(p: Processing, processed: Processed) -> None:
    """Label the pictures of a generation in memory: for the page's downloads, and for answers in PNG."""
    marks = _marks(p)
    for picture, infotext in zip(processed.images, processed.infotexts, strict=False):
        if hasattr(picture, "info"):
            label_image(picture, infotext, marks)


def label_answer(body: bytes) -> bytes:
    """An answer of txt2img or img2img whose pictures in JPEG and WebP have labels; all others pass unchanged."""
    if b'"images":["iVBOR' in body[:100]:  # PNG, which has its labels: not worth reading megabytes
        return body
    try:
        answer = json.loads(body)
        pictures, infotexts = answer["images"], json.loads(answer["info"])["infotexts"]
        labelled = [_label_text(picture, text) for picture, text in zip(pictures, infotexts, strict=False)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return body
    if labelled == pictures[: len(labelled)]:
        return body
    answer["images"] = [*labelled, *pictures[len(labelled) :]]
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _label_text(picture: str, infotext: str) -> str:
    """A picture's file in base64, labelled; a PNG has its label already, from ``label_results``."""
    content = base64.b64decode(picture)
    packet = "" if read_packet(content) else packet_for(infotext)
    if not packet:
        return picture
    try:
        return base64.b64encode(write_packet(content, packet)).decode("ascii")
    except FaceChainError as error:
        log.warning("A picture of the answer has no label: %s", error)
        return picture


def _marks(p: Processing | None) -> Sequence[str | bytes]:
    """The XMP of the pictures that a generation starts from."""
    pictures: Sequence[Image.Image] = getattr(p, "init_images", None) or ()
    return [packet_of_picture(picture) for picture in pictures if hasattr(picture, "info")]


def write_label(file: Path, packet: str) -> None:
    """Write a packet into a file that has none; one that cannot be labelled is named in the log."""
    try:
        content = file.read_bytes()
        if read_packet(content):
            return
        labelled = write_packet(content, packet)
        with atomic_write(file) as part:
            part.write_bytes(labelled)
    except (FaceChainError, OSError) as error:
        log.warning("%s has no label: %s", file.name, error)
