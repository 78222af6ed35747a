"""Reading infotext from picture files, and parsing it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PAIR = re.compile(r'\s*(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
"""One ``label: value`` of the last line, as the webui reads it; values with commas are JSON texts.

Labels end somewhere, or a long line without a colon would be read again from each of its characters.
"""
_NEGATIVE = "Negative prompt:"
_LORA = re.compile(r"\s*<lora:[^>]*>")
_EXIF, _USER_COMMENT = 0x8769, 0x9286
_MAX_LENGTH = 200_000
"""Characters of an infotext that are parsed at most."""


@dataclass(frozen=True)
class ParsedInfotext:
    """Parsed infotext: the prompt without LoRA tags, the negative prompt, and values by label."""

    prompt: str = ""
    negative: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def read_infotext(path: Path) -> str:
    """The infotext of a picture file, from PNG text or, for JPEG and WebP, EXIF; empty when there is none.

    Raises PhotoError when the file is no picture.
    """
    try:
        with Image.open(path) as picture:
            infotext = picture.info.get("parameters")
            if not isinstance(infotext, str):
                comment = picture.getexif().get_ifd(_EXIF).get(_USER_COMMENT, b"")
                infotext = _decode_user_comment(comment) if isinstance(comment, bytes) else str(comment)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoError(f"{path.name} cannot be read as a picture; choose a PNG, JPEG or WebP file.") from error
    return infotext[:_MAX_LENGTH]


def parse_infotext(text: str) -> ParsedInfotext:
    """Parse infotext; a text without settings has no values."""
    lines = text[:_MAX_LENGTH].strip().splitlines()
    pairs = dict(_PAIR.findall(lines[-1])) if lines else {}
    if len(pairs) < 3:  # like the webui: a last line with fewer pairs belongs to the prompt
        pairs = {}
    prompts = "\n".join(lines[:-1] if pairs else lines)
    prompt, _, negative = prompts.partition(_NEGATIVE)
    values = {label: _unquoted(value) for label, value in pairs.items()}
    return ParsedInfotext(_LORA.sub("", prompt).strip(), negative.strip(), values)


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value.strip()


def _decode_user_comment(raw: bytes) -> str:
    """EXIF's user comment: eight bytes that name the encoding, then the text."""
    if raw.startswith(b"UNICODE\0"):
        order = "utf-16-be" if raw[8:9] == b"\0" else "utf-16-le"
        return raw[8:].decode(order, errors="replace")
    return raw[8:].decode("utf-8", errors="replace")
