"""Random tokens by which photos pass from the tab to the accordion of the same browser.

A picture's infotext names no photo. The text that the tab sends to txt2img has a token of 128 random bits instead,
which only that browser gets.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from facechain_ext.recipes.portrait_settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LABEL = f"{PREFIX} handover"
"""The label of the token in the text that is sent; no picture contains it."""
_MAX_TOKENS = 256
"""Tokens that are valid at a time; the oldest becomes invalid first."""

_photos_by_token: OrderedDict[str, tuple[Path, ...]] = OrderedDict()
_lock = threading.Lock()


def add_photo_token(infotext: str, photos: Sequence[Path]) -> str:
    """``infotext`` with a token for ``photos``; unchanged when there are no photos or no settings."""
    if not infotext.strip() or not photos:
        return infotext
    token = secrets.token_hex(16)
    with _lock:
        _photos_by_token[token] = tuple(photos)
        while len(_photos_by_token) > _MAX_TOKENS:
            _photos_by_token.popitem(last=False)
    return f"{infotext.rstrip()}, {LABEL}: {token}"


def photos_of_token(infotext: Mapping[str, object]) -> list[str]:
    """The existing photos of the token in a parsed infotext; none without a valid token."""
    with _lock:
        photos = _photos_by_token.get(str(infotext.get(LABEL, "")), ())
    return [str(path) for path in photos if path.is_file()]
