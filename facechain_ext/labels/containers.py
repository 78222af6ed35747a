"""XMP packets in PNG, JPEG, WebP, AVIF, GIF and mp4 files, without touching a pixel or any other metadata."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError
from facechain_ext.labels import avif, gif, mp4
from facechain_ext.labels.xmp import MAX_PACKET

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG_KEYWORD = "XML:com.adobe.xmp"
"""The keyword of the iTXt chunk that holds XMP, which Pillow has in ``info`` (XMP specification, part 3)."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_MAX = 65533 - len(_JPEG_XMP)
"""Bytes of a packet that one APP1 segment holds."""
_STANDALONE_MARKERS = (0x01, *range(0xD0, 0xD8))
_START_OF_SCAN = 0xDA
_APP0, _APP1 = 0xE0, 0xE1
_WEBP_XMP_FLAG, _WEBP_ALPHA_FLAG = 0x04, 0x10
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def read_packet(content: bytes) -> str:
    """The XMP packet in a file's ``content``; "" when it has none or is a file of another kind."""
    if content.startswith(_PNG):
        found = next((_png_packet(kind, body) for kind, body in _png_chunks(content) if _is_png_xmp(kind, body)), b"")
    elif content.startswith(_JPEG):
        bodies = (body for marker, body in _jpeg_segments(content) if marker == _APP1 and body.startswith(_JPEG_XMP))
        found = next(bodies, _JPEG_XMP)[len(_JPEG_XMP) :]
    elif _is_webp(content):
        found = next((body for kind, body in _riff_chunks(content) if kind == b"XMP "), b"")
    elif avif.is_avif(content):
        found = avif.read_packet(content)
    elif gif.is_gif(content):
        found = gif.read_packet(content)
    elif mp4.is_mp4(content):
        found = mp4.read_packet(content)
    else:
        found = b""
    return found.decode("utf-8", "replace") if len(found) <= MAX_PACKET else ""


def write_packet(content: bytes, packet: str) -> bytes:
    """``content`` with ``packet`` in place of the one it had; all else stays, byte for byte.

    Raises PhotoError for a file of another kind than PNG, JPEG, WebP, AVIF, GIF and mp4, a damaged one, and a packet
    that a JPEG cannot hold.
    """
    data = packet.encode("utf-8")
    try:
        if content.startswith(_PNG):
            return _write_png(content, data)
        if content.startswith(_JPEG):
            return _write_jpeg(content, data)
        if _is_webp(content):
            return _write_webp(content, data)
        if avif.is_avif(content):
            return avif.write_packet(content, data)
        if gif.is_gif(content):
            return gif.write_packet(content, data)
        if mp4.is_mp4(content):
            return mp4.write_packet(content, data)
    except (struct.error, IndexError) as error:
        raise PhotoError("The file ends too early or is damaged, so no label can be written into it.") from error
    raise PhotoError("A label can be written into PNG, JPEG, WebP, AVIF, GIF and mp4 files; this is of another kind.")


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind = content[at + 4 : at + 8]
        yield kind, content[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length


def _is_png_xmp(kind: bytes, body: bytes) -> bool:
    return kind in _PNG_TEXTS and body.startswith(PNG_KEYWORD.encode() + b"\0")


def _png_packet(kind: bytes, body: bytes) -> bytes:
    """The text of a PNG's text chunk; b"" when it is damaged or too large."""
    text = body.partition(b"\0")[2]
    compressed = kind == b"zTXt" or (kind == b"iTXt" and text[:1] == b"\1")
    if kind == b"iTXt":
        text = text[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif kind == b"zTXt":
        text = text[1:]
    if not compressed:
        return text
    try:
        return zlib.decompressobj().decompress(text, MAX_PACKET + 1)
    except zlib.error:
        return b""


def _write_png(content: bytes, packet: bytes) -> bytes:
    body = PNG_KEYWORD.encode() + b"\0\0\0\0\0" + packet  # not compressed, no language, no translated keyword
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    parts, at = [_PNG], len(_PNG)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 12 + length
        kind, old = content[at + 4 : at + 8], content[at + 8 : end - 4]
        if not _is_png_xmp(kind, old):
            parts.append(content[at:end])
        if kind == b"IHDR":
            parts.append(chunk)
        at = end
    return b"".join([*parts, content[at:]])


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and body of each segment before the first scan."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == _START_OF_SCAN:
            return
        if marker in _STANDALONE_MARKERS:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        yield marker, content[at + 4 : at + 2 + length]
        at += 2 + length


def _write_jpeg(content: bytes, packet: bytes) -> bytes:
    if len(packet) > _JPEG_MAX:
        raise PhotoError(f"The label has {len(packet)} bytes; a JPEG file holds {_JPEG_MAX} at most.")
    body = _JPEG_XMP + packet
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    kept, at = [b"\xff\xd8"], 2
    written = False
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE_MARKERS:
            kept.append(content[at : at + 2])
            at += 2
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        is_xmp = marker == _APP1 and content[at + 4 :].startswith(_JPEG_XMP)
        is_exif = marker == _APP1 and content[at + 4 : at + 8] == b"Exif"
        if not written and not is_xmp and not is_exif and marker != _APP0:  # readers expect JFIF and EXIF first
            kept.append(segment)
            written = True
        if marker == _START_OF_SCAN:
            break
        if not is_xmp:
            kept.append(content[at:end])
        at = end
    if not written:
        raise PhotoError("The JPEG file is damaged, so no label can be written into it.")
    return b"".join([*kept, content[at:]])


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _riff_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(content):
        (length,) = struct.unpack_from("<I", content, at + 4)
        yield content[at : at + 4], content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _write_webp(content: bytes, packet: bytes) -> bytes:
    chunks = [(kind, body) for kind, body in _riff_chunks(content) if kind != b"XMP "]
    if not chunks:
        raise PhotoError("The WebP file is damaged, so no label can be written into it.")
    kind, body = chunks[0]
    if kind == b"VP8X":
        chunks[0] = (kind, bytes([body[0] | _WEBP_XMP_FLAG]) + body[1:])
    else:
        chunks.insert(0, (b"VP8X", _extended_header(kind, body)))
    chunks.append((b"XMP ", packet))
    joined = b"".join(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks)
    return b"RIFF" + struct.pack("<I", len(joined) + 4) + b"WEBP" + joined


def _extended_header(kind: bytes, body: bytes) -> bytes:
    """The VP8X chunk of a simple file, whose size and opacity stand in its bit stream (WebP container, RFC 9649)."""
    flags = _WEBP_XMP_FLAG
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF  # both less one
        flags |= _WEBP_ALPHA_FLAG if bits >> 28 & 1 else 0
    else:
        width, height = (int.from_bytes(body[at : at + 2], "little") % 0x4000 - 1 for at in (6, 8))
    return bytes([flags, 0, 0, 0]) + struct.pack("<I", width)[:3] + struct.pack("<I", height)[:3]
