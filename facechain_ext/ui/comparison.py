"""A before/after comparison with a draggable divider."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.ui.html import data_url

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

_MAX_SIDE = 900
"""Longer side in pixels of the embedded pictures; files keep their size."""


def comparison_html(before: Pixels, after: Image.Image, title: str = "") -> str:
    """HTML of two overlaid pictures; ``javascript/facechain_tabs.js`` moves the divider.

    The pictures are embedded as data URLs, so that no file of a face is left on the server.
    """
    one, other = (_downscaled(picture) for picture in (Image.fromarray(before), after.convert("RGB")))
    return (
        f"<div class='facechain-compare' style='--cut: 50%'>"
        f"<img src='{data_url(np.asarray(one))}' alt='before'>"
        f"<img class='facechain-after' src='{data_url(np.asarray(other))}' alt='after'>"
        f"<input type='range' min='0' max='100' value='50' aria-label='before and after'>"
        f"<b>{html.escape(title)}</b></div>"
    )


def _downscaled(picture: Image.Image) -> Image.Image:
    scale = min(1.0, _MAX_SIDE / max(picture.size))
    if scale == 1.0:
        return picture
    width, height = (max(round(side * scale), 1) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)
