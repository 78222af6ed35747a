"""PNG files without the chunks for which Pillow refuses them: long texts, large profiles, damaged optional chunks."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_TEXT = 1 << 20
"""Bytes of one text that Pillow unpacks (PngImagePlugin.MAX_TEXT_CHUNK); a longer one makes it refuse the picture."""
_MAX_PROFILE = 16 << 20
"""Bytes of a colour profile that is unpacked; those with tables for printers have some megabytes."""
_MAX_TEXT_CHUNKS = 8
"""Largest number of texts; Pillow refuses pictures whose texts exceed a total size."""
_ORIENTATION_KEYWORDS = (b"Raw profile type exif", b"Raw profile type APP1", b"XML:com.adobe.xmp")
"""Keywords of the texts in which programs store the orientation."""


@dataclass(frozen=True)
class CleanPng:
    """``content`` that Pillow reads.

    ``profile`` is the colour profile where it was removed from ``content``; ``damaged`` is True when one could not be
    unpacked.
    """

    content: bytes
    profile: bytes | None = None
    damaged: bool = False


def clean_png(content: bytes) -> CleanPng:
    """``content``, a PNG file, without texts (except those with the orientation) and damaged optional chunks.

    A colour profile over a megabyte is returned apart from the file. Other damage is left to the decoder.
    """
    chunks, at = [SIGNATURE], len(SIGNATURE)
    profile, damaged, texts = None, False, 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 12 + length
        if end > len(content):
            break
        kind, body = content[at + 4 : at + 8], content[at + 8 : end - 4]
        optional = bool(kind[0] & 0x20)
        intact = not optional or zlib.crc32(kind + body) == int.from_bytes(content[end - 4 : end], "big")
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            texts += 1 if (keep := intact and texts < _MAX_TEXT_CHUNKS and _has_orientation(kind, body)) else 0
        elif kind == b"iCCP":
            unpacked = _decompress(body.partition(b"\0")[2][1:], _MAX_PROFILE) if intact else None
            damaged = damaged or unpacked is None
            keep = unpacked is not None and len(unpacked) <= _MAX_TEXT
            profile = unpacked if not keep else profile
        else:
            keep = intact
        if keep:
            chunks.append(content[at:end])
        at = end
        if kind == b"IEND":
            return CleanPng(b"".join(chunks), profile, damaged)
    chunks.append(content[at:])
    return CleanPng(b"".join(chunks), profile, damaged)


def _has_orientation(kind: bytes, body: bytes) -> bool:
    """Whether a text holds the orientation and is short enough for Pillow."""
    keyword, _, rest = body.partition(b"\0")
    if keyword not in _ORIENTATION_KEYWORDS or len(body) > _MAX_TEXT:
        return False
    if kind == b"tEXt":
        return True
    if kind == b"zTXt":
        packed = rest[1:]
    else:
        if rest[:1] != b"\1":
            return True
        packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _decompress(packed, _MAX_TEXT - 1) is not None


def _decompress(packed: bytes, max_bytes: int) -> bytes | None:
    """The content of a zlib stream, or None when it is damaged or has more than ``max_bytes`` bytes."""
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(packed, max_bytes + 1)
    except zlib.error:
        return None
    return content if len(content) <= max_bytes and reader.eof else None
