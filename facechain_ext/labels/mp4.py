"""XMP packets in mp4 files: a box of its own kind at the top level (XMP specification, part 3, MPEG-4)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterator

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The identifier of the box that holds XMP."""
_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"dash")


def is_mp4(content: bytes) -> bool:
    """Whether a file begins as an mp4 or QuickTime file does."""
    return content[4:8] == b"ftyp" and content[8:12] in _BRANDS


def read_packet(content: bytes) -> bytes:
    """The XMP packet; b"" without one, or in a damaged file."""
    try:
        return next((content[body + 16 : end] for _, body, end in _boxes(content) if _is_xmp(content, body)), b"")
    except (struct.error, PhotoError):
        return b""


def write_packet(content: bytes, packet: bytes) -> bytes:
    """``content`` with ``packet`` behind its last box, where no offset of another box changes.

    Raises PhotoError for a file whose boxes do not fit.
    """
    kept = []
    boxes = list(_boxes(content))
    for number, (start, body, end) in enumerate(boxes):
        if not _is_xmp(content, body):
            kept.append(content[start:end])
        elif number == len(boxes) - 1:
            continue  # ours: nothing lies behind it
        else:
            kept.append(struct.pack(">I4s", end - start, b"free") + bytes(end - start - 8))  # keeps all offsets
    box = struct.pack(">I4s", 8 + 16 + len(packet), b"uuid") + _XMP + packet
    return b"".join([*kept, box])


def _is_xmp(content: bytes, body: int) -> bool:
    return content[body - 4 : body] == b"uuid" and content[body : body + 16] == _XMP


def _boxes(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Start, body and end of each box of the top level."""
    at = 0
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        body = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, body)
            body += 8
        end = len(content) if size == 0 else at + size
        if end > len(content) or end < body:
            raise PhotoError("The mp4 file ends too early or is damaged, so no label can be written into it.")
        yield at, body, end
        at = end
