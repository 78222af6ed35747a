"""Photos on their way from the tab to the accordion of the same browser, behind a token that nobody can guess.

A picture's settings name no photo. What the tab sends to txt2img says a token instead, which only that browser has.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from facechain_ext.recipes.arguments import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LABEL = f"{PREFIX} handover"
"""The label of the token; it is in no picture, only in what is being sent."""
_MOST = 256
"""Tokens that are remembered; the oldest is forgotten first."""

_sent: OrderedDict[str, tuple[Path, ...]] = OrderedDict()
_lock = threading.Lock()


def with_photos(infotext: str, photos: Sequence[Path]) -> str:
    """``infotext`` with a token for ``photos``; as it is when there are none or it holds no settings."""
    if not infotext.strip() or not photos:
        return infotext
    token = secrets.token_hex(16)
    with _lock:
        _sent[token] = tuple(photos)
        while len(_sent) > _MOST:
            _sent.popitem(last=False)
    return f"{infotext.rstrip()}, {LABEL}: {token}"


def photos_in(written: Mapping[str, Any]) -> list[str]:
    """The photos that the token among parsed settings stands for, those that are still there; none without one."""
    with _lock:
        photos = _sent.get(str(written.get(LABEL, "")), ())
    return [str(path) for path in photos if path.is_file()]
