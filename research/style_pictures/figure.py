"""The person in the picture: head and shoulders without features, dressed by the style's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb
from research.style_pictures.garments import draw_garment
from research.style_pictures.hats import draw_hat
from research.style_pictures.person import SKIN, Person, volume

if TYPE_CHECKING:
    from facechain_ext.styles import Style
    from research.style_pictures.canvas import Array, Canvas
    from research.style_pictures.palette import Palette

_HAIR = rgb("2b2023")
HAIR_COLORS = {
    "copper-red": "a8482a",
    "silver-white": "d9dee6",
    "platinum": "e3dcc8",
    "lilac hair": "b193d9",
    "blonde": "e0bf76",
    "grey hair": "9a9a9e",
}


def place(canvas: Canvas, style: Style) -> Person:
    """A person of the size that the style's subject has, a little aside of the middle."""
    child = style.subject == "child"
    x = 0.5 + float(canvas.random.uniform(-0.035, 0.035))
    side = 1 if canvas.random.random() < 0.5 else -1
    if child:
        return Person(x, 0.53, 0.128, 0.148, 0.745, 0.26, side)
    broad = {"woman": 0.285, "man": 0.335}.get(style.subject, 0.31)
    return Person(x, 0.435, 0.118, 0.158, 0.675, broad, side)


def draw(canvas: Canvas, style: Style, text: str, palette: Palette, person: Person) -> None:
    """Draw hair, shoulders, garment, head and its accessories, lit from the person's side."""
    ambient = mix(palette.top, palette.bottom, 0.6)
    skin = mix(mix(SKIN, lighter(ambient, 0.2), 0.1), palette.light, 0.08)
    hair = next((rgb(tone) for word, tone in HAIR_COLORS.items() if word in text), _hair(canvas, palette))
    cloth = palette.cloth
    if abs(sum(cloth) - sum(ambient)) < 0.35:  # clothes stand out from what is behind them
        cloth = lighter(cloth, -0.32 if palette.bright else 0.25)
    body = _body(canvas, person)
    back = _long_hair(canvas, style, text, person)
    head = _head(canvas, person)
    halo = canvas.soft(np.maximum(body, head), 0.06)
    canvas.light(halo, palette.light, 0.13)  # lifts the figure off its ground
    if back is not None:
        volume(canvas, back, hair, palette, person)
    volume(canvas, body, cloth, palette, person)
    _neck(canvas, skin, palette, person)
    draw_garment(canvas, text, cloth, palette, person, body)
    volume(canvas, head, skin, palette, person, deep=0.2)
    _top_hair(canvas, style, text, hair, palette, person)
    draw_hat(canvas, text, palette, person, hair)
    _rim(canvas, np.maximum(body, head), palette, person)


def _hair(canvas: Canvas, palette: Palette) -> Color:
    base = [_HAIR, rgb("3a261c"), rgb("4d3423"), rgb("1d1a22")][int(canvas.random.integers(4))]
    return mix(base, palette.dark, 0.25)


def _head(canvas: Canvas, p: Person) -> Array:
    w, h = p.wide, p.high
    points = [
        (p.x, p.y - h),
        (p.x + 0.72 * w, p.y - 0.76 * h),
        (p.x + w, p.y - 0.12 * h),
        (p.x + 0.86 * w, p.y + 0.46 * h),
        (p.x + 0.42 * w, p.y + 0.92 * h),
        (p.x, p.y + 1.02 * h),
        (p.x - 0.42 * w, p.y + 0.92 * h),
        (p.x - 0.86 * w, p.y + 0.46 * h),
        (p.x - w, p.y - 0.12 * h),
        (p.x - 0.72 * w, p.y - 0.76 * h),
    ]
    ears = np.maximum(
        canvas.ellipse(p.x - w, p.y + 0.05 * h, 0.15 * w, 0.2 * h),
        canvas.ellipse(p.x + w, p.y + 0.05 * h, 0.15 * w, 0.2 * h),
    )
    return np.maximum(canvas.curve(points), ears)


def _body(canvas: Canvas, p: Person) -> Array:
    s, b = p.shoulders, p.broad
    neck = 0.62 * p.wide
    right = [
        (p.x + neck, s - 0.055),
        (p.x + 0.55 * b, s + 0.012),
        (p.x + 0.88 * b, s + 0.075),
        (p.x + 1.06 * b, s + 0.2),
        (p.x + 1.14 * b, 1.06),
    ]
    left = [(2 * p.x - x, y) for x, y in reversed(right)]
    return canvas.curve([*right, (p.x, 1.1), *left, (p.x, s - 0.05)])


def _neck(canvas: Canvas, skin: Color, palette: Palette, p: Person) -> None:
    half = 0.5 * p.wide
    top, low = p.y + 0.5 * p.high, p.shoulders + 0.012
    neck = canvas.curve(
        [(p.x - half, top), (p.x + half, top), (p.x + 1.1 * half, low), (p.x, low + 0.045), (p.x - 1.1 * half, low)]
    )
    volume(canvas, neck, lighter(skin, -0.12), palette, p)
    canvas.darken(neck * canvas.soft(canvas.ellipse(p.x, p.y + 0.8 * p.high, p.wide, 0.4 * p.high), 0.015), 0.3)


def _rim(canvas: Canvas, mask: Array, palette: Palette, p: Person) -> None:
    """A line of light along the edge that faces the light."""
    moved = np.roll(mask, (round(0.006 * canvas.side), -p.side * round(0.014 * canvas.side)), (0, 1))
    edge = canvas.soft(np.clip(mask - moved, 0, 1), 0.004) * mask
    canvas.light(edge, palette.light, 0.55)


def _long_hair(canvas: Canvas, style: Style, text: str, p: Person) -> Array | None:
    """What of the hair is behind the shoulders; None for short or pinned hair."""
    pinned = any(word in text for word in ("bun", "swept up", "hairpin", "ponytail", "crown", "bob", "headdress"))
    long = style.subject == "woman" or "hair drifting" in text
    w, h = p.wide, p.high
    if "ponytail" in text:
        s = -p.side
        return canvas.curve(
            [
                (p.x + 0.4 * s * w, p.y - h),
                (p.x + 1.7 * s * w, p.y - 0.7 * h),
                (p.x + 2.1 * s * w, p.y + 0.5 * h),
                (p.x + 1.5 * s * w, p.y + 1.5 * h),
                (p.x + 1.2 * s * w, p.y + 0.1 * h),
            ]
        )
    if pinned and long:
        return canvas.ellipse(p.x, p.y - 1.12 * h, 0.55 * w, 0.36 * h)
    if not long and (style.subject != "anyone" or canvas.random.random() < 0.6):
        return None
    low = p.shoulders + (0.17 if long else -0.02)
    wide = 1.28 + 0.2 * float(canvas.random.random())
    return canvas.curve(
        [
            (p.x, p.y - 1.22 * h),
            (p.x + 1.12 * w, p.y - 0.8 * h),
            (p.x + wide * w, p.y + 0.2 * h),
            (p.x + 1.38 * wide * w, low),
            (p.x, low + 0.03),
            (p.x - 1.38 * wide * w, low),
            (p.x - wide * w, p.y + 0.2 * h),
            (p.x - 1.12 * w, p.y - 0.8 * h),
        ]
    )


def _top_hair(canvas: Canvas, style: Style, text: str, hair: Color, palette: Palette, p: Person) -> None:
    """The hair over the brow, parted on one side or falling over it."""
    w, h = p.wide, p.high
    kind = int(canvas.random.integers(3))
    if style.subject == "woman":
        kind += 3
    part = 0.35 * p.side * w
    brow = p.y - 0.42 * h
    fringe = {
        0: [
            (p.x - 0.95 * w, p.y - 0.1 * h),
            (p.x - 0.72 * w, brow),
            (p.x, brow - 0.06 * h),
            (p.x + 0.72 * w, brow),
            (p.x + 0.95 * w, p.y - 0.1 * h),
        ],
        1: [
            (p.x - 0.98 * w, p.y),
            (p.x - 0.8 * w, brow + 0.06 * h),
            (p.x + part, brow - 0.22 * h),
            (p.x + 0.8 * w, brow + 0.02 * h),
            (p.x + 0.98 * w, p.y),
        ],
        2: [
            (p.x - 0.96 * w, p.y - 0.16 * h),
            (p.x - 0.5 * w, brow - 0.12 * h),
            (p.x, brow + 0.02 * h),
            (p.x + 0.6 * w, brow - 0.1 * h),
            (p.x + 0.96 * w, p.y - 0.16 * h),
        ],
        3: [
            (p.x - 1.06 * w, p.y + 0.42 * h),
            (p.x - 0.84 * w, p.y - 0.16 * h),
            (p.x + part, p.y - 0.78 * h),
            (p.x + 0.84 * w, p.y - 0.16 * h),
            (p.x + 1.06 * w, p.y + 0.42 * h),
        ],
        4: [
            (p.x - 1.06 * w, p.y + 0.3 * h),
            (p.x - 0.78 * w, brow + 0.16 * h),
            (p.x - part, brow - 0.2 * h),
            (p.x + 0.8 * w, brow),
            (p.x + 1.06 * w, p.y + 0.3 * h),
        ],
        5: [
            (p.x - 1.04 * w, p.y + 0.26 * h),
            (p.x - 0.86 * w, brow + 0.1 * h),
            (p.x, brow + 0.13 * h),
            (p.x + 0.86 * w, brow + 0.1 * h),
            (p.x + 1.04 * w, p.y + 0.26 * h),
        ],
    }[kind]
    dome = [
        (p.x + 1.12 * w, p.y - 0.35 * h),
        (p.x + 0.8 * w, p.y - 0.98 * h),
        (p.x + 0.1 * w, p.y - 1.2 * h),
        (p.x - 0.7 * w, p.y - 1.05 * h),
        (p.x - 1.12 * w, p.y - 0.35 * h),
    ]
    volume(canvas, canvas.curve([*fringe, *dome]), hair, palette, p, deep=0.25)
    shine = canvas.soft(canvas.ellipse(p.x + 0.4 * p.side * w, p.y - 0.88 * h, 0.4 * w, 0.09 * h, 14 * p.side), 0.012)
    canvas.light(shine, palette.light, 0.16)
