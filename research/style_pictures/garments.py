"""What the person wears, by the style's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import lighter, mix
from research.style_pictures.palette import has
from research.style_pictures.person import SKIN, volume

if TYPE_CHECKING:
    from research.style_pictures.canvas import Array, Canvas, Color
    from research.style_pictures.palette import Palette
    from research.style_pictures.person import Person

GARMENTS = (
    ("armour breastplate exoskeleton", "plates"),
    ("suit tuxedo blazer tailcoat three-piece jacket coat pinstripe waistcoat vest gown-and trench", "lapels"),
    ("hanfu kimono robe hanbok deel chuba cross-collared brocade", "crossed"),
    ("dress gown bodice bridal sari lolita couture", "neckline"),
    ("turtleneck roll-neck sweater jumper high-necked cardigan knitwear", "high"),
    ("shirt blouse uniform smock apron overalls dungarees", "collar"),
    ("cloak cape mantle poncho ermine", "cape"),
)
_HEM = 0.98
"""Where clothes end, from the top of the picture, in its height."""


@dataclass(frozen=True)
class _Garment:
    """What the parts of a garment are drawn by: the words, the person, the mask of the clothes, and three tones."""

    canvas: Canvas
    text: str
    p: Person
    body: Array
    palette: Palette
    cloth: Color
    dark: Color
    bright: Color
    trim: Color


def _lapels(on: _Garment) -> None:
    """A jacket's lapels over a shirt, with what is worn at its collar."""
    canvas, p, body = on.canvas, on.p, on.body
    s, x, w = p.shoulders, p.x, p.wide
    shirt = lighter(mix(on.palette.light, on.trim, 0.12), -0.04)
    canvas.paint(canvas.polygon([(x - 0.5 * w, s - 0.03), (x + 0.5 * w, s - 0.03), (x, _HEM)]) * body, shirt)
    if has(on.text, "tie") or has(on.text, "tuxedo") or has(on.text, "bow"):
        canvas.paint(
            canvas.polygon(
                [(x - 0.3 * w, s + 0.05), (x + 0.3 * w, s + 0.12), (x + 0.3 * w, s + 0.05), (x - 0.3 * w, s + 0.12)]
            ),
            on.dark,
        )
    elif has(on.text, "business") or has(on.text, "formal"):
        canvas.paint(
            canvas.polygon(
                [(x - 0.11 * w, s + 0.03), (x + 0.11 * w, s + 0.03), (x + 0.16 * w, _HEM), (x - 0.16 * w, _HEM)]
            ),
            on.trim,
        )
    for side in (-1, 1):
        lapel = [
            (x + side * 0.52 * w, s - 0.05),
            (x + side * 1.12 * w, s + 0.09),
            (x + side * 0.8 * w, s + 0.13),
            (x + side * 0.04 * w, _HEM),
        ]
        canvas.paint(canvas.polygon(lapel) * body, on.dark if side == -p.side else lighter(on.cloth, -0.18))


def _crossed(on: _Garment) -> None:
    """Two strips that cross on the chest."""
    canvas, p = on.canvas, on.p
    s, x, w = p.shoulders, p.x, p.wide
    for side, tone in ((p.side, on.bright), (-p.side, on.trim)):
        strip = [
            (x - side * 0.56 * w, s - 0.05),
            (x - side * 0.8 * w, s - 0.01),
            (x + side * 0.75 * w, 1.02),
            (x + side * 1.15 * w, 1.02),
        ]
        canvas.paint(canvas.polygon(strip) * on.body, tone)


def _neckline(on: _Garment) -> None:
    """A low neckline with skin in it."""
    canvas = on.canvas
    s, x, w = on.p.shoulders, on.p.x, on.p.wide
    skin = mix(SKIN, mix(on.palette.top, on.palette.bottom, 0.6), 0.25)
    cut = (
        canvas.curve(
            [
                (x - 1.0 * w, s - 0.04),
                (x + 1.0 * w, s - 0.04),
                (x + 0.72 * w, s + 0.09),
                (x, s + 0.15),
                (x - 0.72 * w, s + 0.09),
            ]
        )
        * on.body
    )
    canvas.paint(cut, lighter(skin, -0.04))
    canvas.paint(
        canvas.line(
            [
                (x - 0.55 * w, s - 0.01),
                (x - 0.3 * w, s + 0.05),
                (x, s + 0.075),
                (x + 0.3 * w, s + 0.05),
                (x + 0.55 * w, s - 0.01),
            ],
            0.008,
        ),
        on.trim,
    )


def _high(on: _Garment) -> None:
    """A ribbed roll-neck."""
    canvas, p = on.canvas, on.p
    s, x, w = p.shoulders, p.x, p.wide
    tube = canvas.curve(
        [
            (x - 0.58 * w, s - 0.085),
            (x + 0.58 * w, s - 0.085),
            (x + 0.72 * w, s + 0.03),
            (x, s + 0.05),
            (x - 0.72 * w, s + 0.03),
        ]
    )
    volume(canvas, tube, lighter(on.cloth, 0.06), on.palette, p)
    for n in range(-5, 6):
        canvas.darken(canvas.line([(x + n * 0.105 * w, s - 0.075), (x + n * 0.13 * w, s + 0.035)], 0.004) * tube, 0.16)


def _collar(on: _Garment) -> None:
    """A shirt's collar and row of buttons, with straps where something is worn over it."""
    canvas, p, body = on.canvas, on.p, on.body
    s, x, w = p.shoulders, p.x, p.wide
    for side in (-1, 1):
        flap = [
            (x, s + 0.045),
            (x + side * 0.56 * w, s - 0.06),
            (x + side * 0.78 * w, s + 0.02),
            (x + side * 0.34 * w, s + 0.115),
        ]
        canvas.paint(canvas.polygon(flap), on.bright if side == p.side else lighter(on.cloth, 0.22))
    canvas.darken(canvas.line([(x, s + 0.06), (x, 1.0)], 0.006) * body, 0.3)
    if any(has(on.text, word) for word in ("apron", "dungarees", "smock", "braces")):
        for side in (-1, 1):
            canvas.paint(
                canvas.polygon(
                    [
                        (x + side * 0.85 * w, s),
                        (x + side * 1.15 * w, s + 0.01),
                        (x + side * 0.95 * w, 1),
                        (x + side * 0.6 * w, 1),
                    ]
                )
                * body,
                on.trim,
            )


def _plates(on: _Garment) -> None:
    """The plates of armour."""
    canvas, p, body = on.canvas, on.p, on.body
    s, x, w = p.shoulders, p.x, p.wide
    for n, high in enumerate((0.06, 0.135, 0.21, 0.285)):
        arch = [(x + side * p.broad * 1.2, s + high + 0.06) for side in (-1, 1)]
        line = canvas.line(
            [arch[0], (x - 0.4 * w, s + high), (x, s + high + 0.02), (x + 0.4 * w, s + high), arch[1]], 0.009
        )
        canvas.light(line * body, on.palette.light, 0.3 - 0.05 * n)
        canvas.darken(np.roll(line, 4, 0) * body, 0.35)
    for side in (-1, 1):
        plate = canvas.ellipse(x + side * 0.82 * p.broad, s + 0.1, 0.13, 0.085, 28 * side)
        volume(canvas, plate, lighter(on.cloth, 0.2), on.palette, p)
        canvas.light(plate * canvas.falloff(x + side * 0.82 * p.broad, s + 0.07, 0.05), on.palette.light, 0.5)


def _cape(on: _Garment) -> None:
    """A cape over both shoulders, with its clasp."""
    canvas, p = on.canvas, on.p
    s, x, w = p.shoulders, p.x, p.wide
    for side in (-1, 1):
        wing = canvas.curve(
            [
                (x + side * 0.5 * w, s - 0.1),
                (x + side * 1.15 * w, s - 0.12),
                (x + side * 1.5 * w, s + 0.03),
                (x + side * 0.5 * w, s + 0.17),
                (x + side * 0.2 * w, s + 0.06),
            ]
        )
        volume(canvas, wing, lighter(on.cloth, 0.18), on.palette, p)
    canvas.paint(canvas.ellipse(x, s + 0.1, 0.028, 0.028), on.trim)
    canvas.light(canvas.falloff(x - 0.005, s + 0.095, 0.012), on.palette.light, 0.8)


def _round(on: _Garment) -> None:
    """A round neckline."""
    canvas = on.canvas
    s, x, w = on.p.shoulders, on.p.x, on.p.wide
    neckline = canvas.line(
        [
            (x - 0.66 * w, s - 0.045),
            (x - 0.4 * w, s + 0.03),
            (x, s + 0.062),
            (x + 0.4 * w, s + 0.03),
            (x + 0.66 * w, s - 0.045),
        ],
        0.018,
    )
    canvas.paint(neckline * on.body, on.dark)


_DRAWN = {
    "lapels": _lapels,
    "crossed": _crossed,
    "neckline": _neckline,
    "high": _high,
    "collar": _collar,
    "plates": _plates,
    "cape": _cape,
    "round": _round,
}


def draw_garment(canvas: Canvas, text: str, cloth: Color, palette: Palette, p: Person, body: Array) -> None:
    """What makes the clothes these clothes, by the first row of the table of which the style has a word."""
    kind = next((kind for words, kind in GARMENTS if any(has(text, word) for word in words.split())), "round")
    dark, bright = lighter(cloth, -0.35), mix(lighter(cloth, 0.45), palette.light, 0.2)
    trim = palette.accent if abs(sum(palette.accent) - sum(cloth)) > 0.4 else bright
    _DRAWN[kind](_Garment(canvas, text, p, body, palette, cloth, dark, bright, trim))
