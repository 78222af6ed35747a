"""The tiles' pictures as CSS rules, which the page gets once, separate from the tiles, which it gets often."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.recipes.thumbnails import own_thumbnail
from facechain_ext.styles import all_styles, shipped_picture

if TYPE_CHECKING:
    from facechain_ext.styles import Style

logger = logging.getLogger(__name__)

_SIDE = 192
"""Side of a picture in pixels, twice its size on the page."""
_SHADE = "linear-gradient(rgb(0 0 0 / 0) 45%,rgb(0 0 0 / .72))"
"""A gradient under the name, so that white text is legible on any picture."""


def picture_of(style: Style) -> Path | None:
    """The user's picture of a style, else the shipped one, else None."""
    return own_thumbnail(style) or shipped_picture(style.key)


def style_pictures(known_digest: str = "") -> tuple[str, str] | None:
    """The CSS rules of all pictures and their digest; None when ``known_digest`` equals that digest.

    An unreadable picture is logged and left out.
    """
    files = {style.key: picture_of(style) for style in all_styles().values()}
    sources = [(key, str(path), path.stat().st_mtime_ns) for key, path in files.items() if path is not None]
    digest = hashlib.sha256(repr(sources).encode()).hexdigest()[:16]
    if digest == known_digest:
        return None
    rules = []
    for key, path, modified_ns in sources:
        encoded = _encoded(path, modified_ns)
        if encoded:
            tile = f'.facechain-tiles .facechain-tile[data-key="{html.escape(key)}"]'
            rules.append(f"{tile}{{background-image:{_SHADE},url(data:image/webp;base64,{encoded})}}")
    return f"<style>{''.join(rules)}</style>", digest


@lru_cache(maxsize=512)
def _encoded(path: str, _changed: int) -> str:
    """A picture as base64 WebP; empty when it cannot be read."""
    try:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content)) as opened:
            if opened.format != "WEBP" or max(opened.size) > _SIDE:
                stream = io.BytesIO()
                opened.convert("RGB").resize((_SIDE, _SIDE)).save(stream, "WEBP", quality=75)
                content = stream.getvalue()
    except OSError as error:
        logger.warning("the picture %s of a style cannot be shown: %s", path, error)
        return ""
    return base64.b64encode(content).decode("ascii")
