"""A PNG file without the chunks that Pillow refuses a whole picture for: long texts, large profiles, damaged extras."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_TEXT = 1 << 20
"""Bytes of one text that Pillow unpacks (PngImagePlugin.MAX_TEXT_CHUNK); a longer one makes it refuse the picture."""
_MOST_PROFILE = 16 << 20
"""Bytes of a colour profile that is unpacked; those with tables for printers have some megabytes."""
_MOST_KEPT = 8
"""Texts that are kept; Pillow adds them up and refuses the picture when they are too much together."""
_ORIENTING = (b"Raw profile type exif", b"Raw profile type APP1", b"XML:com.adobe.xmp")
"""The texts in which programs keep how the picture is to be turned."""


@dataclass(frozen=True)
class CleanPng:
    """``content`` that Pillow reads.

    ``profile`` is the colour profile where it was taken out; ``damaged`` says that one there cannot be unpacked.
    """

    content: bytes
    profile: bytes | None = None
    damaged: bool = False


def clean_png(content: bytes) -> CleanPng:
    """``content``, a PNG file, without texts (except those that say how it is turned) and without damaged extras.

    A colour profile over a megabyte comes apart from the file. What is damaged beyond that is left to the decoder.
    """
    kept, at = [SIGNATURE], len(SIGNATURE)
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
            texts += 1 if (keep := intact and texts < _MOST_KEPT and _orients(kind, body)) else 0
        elif kind == b"iCCP":
            unpacked = _unpacked(body.partition(b"\0")[2][1:], _MOST_PROFILE) if intact else None
            damaged = damaged or unpacked is None
            keep = unpacked is not None and len(unpacked) <= _MOST_TEXT
            profile = unpacked if not keep else profile
        else:
            keep = intact
        if keep:
            kept.append(content[at:end])
        at = end
        if kind == b"IEND":
            return CleanPng(b"".join(kept), profile, damaged)
    kept.append(content[at:])
    return CleanPng(b"".join(kept), profile, damaged)


def _orients(kind: bytes, body: bytes) -> bool:
    """Whether a text says how the picture is turned, and is short enough for Pillow."""
    keyword, _, rest = body.partition(b"\0")
    if keyword not in _ORIENTING or len(body) > _MOST_TEXT:
        return False
    if kind == b"tEXt":
        return True
    if kind == b"zTXt":
        packed = rest[1:]
    else:
        if rest[:1] != b"\1":
            return True
        packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _unpacked(packed, _MOST_TEXT - 1) is not None


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """What zlib packed, or None when it is damaged or has more than ``most`` bytes."""
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(packed, most + 1)
    except zlib.error:
        return None
    return content if len(content) <= most and reader.eof else None
