"""Before and after in one frame, with a line between that is drawn by the mouse."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.ui.portrait.person import data_url

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

_MAX_SIDE = 900
"""Longer side in pixels at which the page shows them; the files keep theirs."""


def comparison_html(before: Pixels, after: Image.Image, title: str = "") -> str:
    """HTML of two pictures over each other; ``javascript/facechain_tabs.js`` moves the line.

    The pictures are part of the text, so that the page keeps no file of any face.
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
