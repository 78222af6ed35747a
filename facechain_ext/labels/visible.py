"""The visible label: a word in a corner of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from facechain_ext.errors import InputError

if TYPE_CHECKING:
    from facechain_ext.labels.settings import Corner

_HEIGHT = 0.05
"""Height of the letters in shorter sides of the picture: GB 45438-2025 asks for 5 % at least."""
_MIN_HEIGHT = 12
"""Pixels, below which letters cannot be read."""
_INK, _PLATE = (255, 255, 255, 255), (0, 0, 0, 160)
_FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc", "msyh.ttc", "simhei.ttf", "PingFang.ttc", "STHeiti Light.ttc",
    "DroidSansFallbackFull.ttf", "wqy-microhei.ttc", "DejaVuSans.ttf", "arial.ttf",
)  # fmt: skip
"""Files of fonts of Linux, Windows and macOS, which Pillow finds in the system's folders; its own has Latin only."""
_DRAWN = "facechain_visible_label"
"""Key of ``info`` of a picture that has its label."""


def draw_label(picture: Image.Image, text: str, corner: Corner) -> Image.Image:
    """``picture`` with ``text`` on a dark plate in a corner, of the same size and mode; unchanged for "off".

    The metadata in ``info`` are kept, and a picture that was labelled here is not labelled again. Raises InputError for
    a text that no font of this machine has.
    """
    if corner == "off" or not text.strip() or picture.info.get(_DRAWN):
        return picture
    height = max(round(min(picture.size) * _HEIGHT), _MIN_HEIGHT)
    plate = _plate(text.strip(), height, picture.width)
    left = 0 if corner.endswith("left") else picture.width - plate.width
    top = 0 if corner.startswith("top") else picture.height - plate.height
    canvas = picture.convert("RGBA")
    canvas.alpha_composite(plate, (max(left, 0), max(top, 0)))
    labelled = canvas if picture.mode == "RGBA" else canvas.convert("RGB").convert(picture.mode)
    labelled.info.update(picture.info)
    labelled.info[_DRAWN] = True
    return labelled


def _plate(text: str, height: int, width: int) -> Image.Image:
    """The words on their plate, ``height`` pixels of letters, at most ``width`` wide."""
    font = _font(text, height * 1.35)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font=font)
    letters = Image.new("L", (max(int(right - left), 1), max(int(bottom - top), 1)))
    ImageDraw.Draw(letters).text((-left, -top), text, fill=255, font=font)
    gap = max(height // 3, 2)
    scale = min(height / letters.height, max(width - 2 * gap, 1) / letters.width)
    letters = letters.resize((max(round(letters.width * scale), 1), max(round(letters.height * scale), 1)))
    plate = Image.new("RGBA", (letters.width + 2 * gap, letters.height + 2 * gap), _PLATE)
    plate.paste(Image.new("RGBA", letters.size, _INK), (gap, gap), letters)
    return plate


def _font(text: str, size: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font where it has the letters, else the first of the system's that has them."""
    if text.isascii():
        try:
            return ImageFont.load_default(size=size)
        except TypeError:  # before Pillow 10.1 there is one small font, which the caller enlarges
            return ImageFont.load_default()
    for name in _FONTS:
        try:
            font = ImageFont.truetype(name, round(size))
        except OSError:
            continue
        if _has_letters(font, text):
            return font
    raise InputError(
        f"No font of this machine has the letters of the visible label “{text[:20]}”; choose another text."
    )


def _has_letters(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether no letter is drawn as the box that stands for a missing one."""
    missing = _drawn("\uffff", font)
    return all(_drawn(letter, font) != missing for letter in text if not letter.isspace())


def _drawn(letter: str, font: ImageFont.FreeTypeFont) -> bytes:
    canvas = Image.new("L", (64, 64))
    ImageDraw.Draw(canvas).text((0, 0), letter, fill=255, font=font)
    return canvas.tobytes()
