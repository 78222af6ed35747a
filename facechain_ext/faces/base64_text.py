"""Decoding of base64 text, in the variants that clients of web services send, to the bytes of a picture."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from facechain_ext.errors import PhotoError
from facechain_ext.faces.decoding import MAX_BYTES
from facechain_ext.faces.picture import read_picture

MAX_CHARACTERS = MAX_BYTES // 3 * 4 + (1 << 20)
"""Longest text that is decoded."""
_LINE_BREAKS = re.compile(r"[\r\n\t\f\v]+")
_FROM_URL_SAFE = str.maketrans("-_", "+/")


def decode_base64(text: str, *, name: str = "A photo in a request") -> bytes:
    """The bytes in base64 ``text``: plain or a data URL, in lines, with or without padding, URL-safe, with spaces.

    A space is either white space or a plus sign that a web form replaced: whichever gives a readable picture.
    Raises PhotoError, which calls the text ``name``, for any other text and for one that is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise PhotoError(f"{name} is larger than {MAX_BYTES / 1e6:.0f} MB; send a smaller one.")
    payload = text.strip()
    if payload[:5].lower() == "data:":
        payload = payload.partition(",")[2]
    if "%" in payload:
        payload = unquote(payload)
    payload = _LINE_BREAKS.sub("", payload).translate(_FROM_URL_SAFE).strip()
    decoded = _decode(payload.replace(" ", ""))
    if " " in payload and (decoded is None or not _is_picture(decoded)):
        decoded = _decode(payload.replace(" ", "+")) or decoded
    if decoded is None:
        raise PhotoError(f"{name} is a picture in base64; this text is not. File names are not read.")
    return decoded


def _decode(payload: str) -> bytes | None:
    payload = payload.rstrip("=")
    try:
        return base64.b64decode(payload + "=" * (-len(payload) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_picture(content: bytes) -> bool:
    try:
        read_picture(content)
    except PhotoError:
        return False
    return True
