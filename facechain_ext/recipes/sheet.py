"""A sheet of labelled pictures."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP, _LINE = 12, 20
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


def sheet(
    pictures: Sequence[tuple[str, Image.Image]], *, side: int = 256, columns: int = 6, title: str = ""
) -> Image.Image:
    """Pictures in rows, each fitted into a square of ``side`` pixels, its label below; ``title`` on top, wrapped."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    width = columns * (side + _GAP) + _GAP
    font = label_font(14)
    lines = textwrap.wrap(title, max((width - 2 * _GAP) // 8, 20))
    top = _GAP + _LINE * len(lines)
    canvas = Image.new("RGB", (width, top + rows * (side + _LINE + _GAP) + _GAP), _PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        draw.text((_GAP, _GAP // 2 + number * _LINE), line, fill=_INK, font=font)
    for number, (label, picture) in enumerate(pictures):
        x = _GAP + number % columns * (side + _GAP)
        y = top + number // columns * (side + _LINE + _GAP) + _GAP // 2
        fitted = picture.convert("RGB").copy()
        scale = side / max(fitted.size)
        fitted = fitted.resize((max(round(fitted.width * scale), 1), max(round(fitted.height * scale), 1)))
        canvas.paste(fitted, (x + (side - fitted.width) // 2, y + (side - fitted.height) // 2))
        draw.text((x, y + side + 2), label, fill=_INK, font=font)
    return canvas


def label_font(size: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font at ``size`` pixels; before Pillow 10.1, as in the webui, it comes in one size only."""
    try:
        return ImageFont.load_default(size=size)
    except TypeError:
        return ImageFont.load_default()
