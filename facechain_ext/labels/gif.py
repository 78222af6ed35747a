"""XMP packets in GIF files: an application extension before the trailer (XMP specification, part 3, GIF)."""

from __future__ import annotations

from facechain_ext.errors import PhotoError

_HEADER = b"\x21\xff\x0bXMP DataXMP"
_MAGIC = bytes([0x01, *range(0xFF, -1, -1), 0x00])
"""Lets readers that take the packet for a chain of blocks find its end."""
_TRAILER = b"\x3b"


def is_gif(content: bytes) -> bool:
    """Whether a file begins as a GIF does."""
    return content[:6] in (b"GIF87a", b"GIF89a")


def read_packet(content: bytes) -> bytes:
    """The XMP packet; b"" without one."""
    start = content.find(_HEADER)
    end = content.find(_MAGIC, start)
    return content[start + len(_HEADER) : end] if 0 <= start < end else b""


def write_packet(content: bytes, packet: bytes) -> bytes:
    """``content`` with ``packet`` in place of the one it had; raises PhotoError for a file without its trailer."""
    start = content.find(_HEADER)
    end = content.find(_MAGIC, start)
    if 0 <= start < end:
        content = content[:start] + content[end + len(_MAGIC) :]
    if not content.endswith(_TRAILER):
        raise PhotoError("The GIF file ends too early or is damaged, so no label can be written into it.")
    return content[:-1] + _HEADER + packet + _MAGIC + _TRAILER
