"""What the person wears, by the style's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix
from research.style_pictures.palette import has
from research.style_pictures.person import SKIN, Person, volume

if TYPE_CHECKING:
    from research.style_pictures.canvas import Array, Canvas
    from research.style_pictures.palette import Palette

GARMENTS = (
    ("armour breastplate exoskeleton", "plates"),
    ("suit tuxedo blazer tailcoat three-piece jacket coat pinstripe waistcoat vest gown-and trench", "lapels"),
    ("hanfu kimono robe hanbok deel chuba cross-collared brocade", "crossed"),
    ("dress gown bodice bridal sari lolita couture", "neckline"),
    ("turtleneck roll-neck sweater jumper high-necked cardigan knitwear", "high"),
    ("shirt blouse uniform smock apron overalls dungarees", "collar"),
    ("cloak cape mantle poncho ermine", "cape"),
)


def draw_garment(  # noqa: PLR0912 - one branch for each kind of garment
    canvas: Canvas, text: str, cloth: Color, palette: Palette, p: Person, body: Array
) -> None:
    """What makes the clothes these clothes; the last word of the table that the style has counts."""
    kind = next((kind for words, kind in GARMENTS if any(has(text, word) for word in words.split())), "round")
    s, x, w = p.shoulders, p.x, p.wide
    dark, bright = lighter(cloth, -0.35), mix(lighter(cloth, 0.45), palette.light, 0.2)
    trim = palette.accent if abs(sum(palette.accent) - sum(cloth)) > 0.4 else bright
    low = 0.98
    if kind == "lapels":
        shirt = lighter(mix(palette.light, trim, 0.12), -0.04)
        canvas.paint(canvas.polygon([(x - 0.5 * w, s - 0.03), (x + 0.5 * w, s - 0.03), (x, low)]) * body, shirt)
        if has(text, "tie") or has(text, "tuxedo") or has(text, "bow"):
            canvas.paint(
                canvas.polygon(
                    [(x - 0.3 * w, s + 0.05), (x + 0.3 * w, s + 0.12), (x + 0.3 * w, s + 0.05), (x - 0.3 * w, s + 0.12)]
                ),
                dark,
            )
        elif has(text, "business") or has(text, "formal"):
            canvas.paint(
                canvas.polygon(
                    [(x - 0.11 * w, s + 0.03), (x + 0.11 * w, s + 0.03), (x + 0.16 * w, low), (x - 0.16 * w, low)]
                ),
                trim,
            )
        for side in (-1, 1):
            lapel = [
                (x + side * 0.52 * w, s - 0.05),
                (x + side * 1.12 * w, s + 0.09),
                (x + side * 0.8 * w, s + 0.13),
                (x + side * 0.04 * w, low),
            ]
            canvas.paint(canvas.polygon(lapel) * body, dark if side == -p.side else lighter(cloth, -0.18))
    elif kind == "crossed":
        for side, tone in ((p.side, bright), (-p.side, trim)):
            strip = [
                (x - side * 0.56 * w, s - 0.05),
                (x - side * 0.8 * w, s - 0.01),
                (x + side * 0.75 * w, 1.02),
                (x + side * 1.15 * w, 1.02),
            ]
            canvas.paint(canvas.polygon(strip) * body, tone)
    elif kind == "neckline":
        skin = mix(SKIN, mix(palette.top, palette.bottom, 0.6), 0.25)
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
            * body
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
            trim,
        )
    elif kind == "high":
        tube = canvas.curve(
            [
                (x - 0.58 * w, s - 0.085),
                (x + 0.58 * w, s - 0.085),
                (x + 0.72 * w, s + 0.03),
                (x, s + 0.05),
                (x - 0.72 * w, s + 0.03),
            ]
        )
        volume(canvas, tube, lighter(cloth, 0.06), palette, p)
        for n in range(-5, 6):
            canvas.darken(
                canvas.line([(x + n * 0.105 * w, s - 0.075), (x + n * 0.13 * w, s + 0.035)], 0.004) * tube, 0.16
            )
    elif kind == "collar":
        for side in (-1, 1):
            flap = [
                (x, s + 0.045),
                (x + side * 0.56 * w, s - 0.06),
                (x + side * 0.78 * w, s + 0.02),
                (x + side * 0.34 * w, s + 0.115),
            ]
            canvas.paint(canvas.polygon(flap), bright if side == p.side else lighter(cloth, 0.22))
        canvas.darken(canvas.line([(x, s + 0.06), (x, 1.0)], 0.006) * body, 0.3)
        if any(has(text, word) for word in ("apron", "dungarees", "smock", "braces")):
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
                    trim,
                )
    elif kind == "plates":
        for n, high in enumerate((0.06, 0.135, 0.21, 0.285)):
            arch = [(x + side * p.broad * 1.2, s + high + 0.06) for side in (-1, 1)]
            line = canvas.line(
                [arch[0], (x - 0.4 * w, s + high), (x, s + high + 0.02), (x + 0.4 * w, s + high), arch[1]], 0.009
            )
            canvas.light(line * body, palette.light, 0.3 - 0.05 * n)
            canvas.darken(np.roll(line, 4, 0) * body, 0.35)
        for side in (-1, 1):
            plate = canvas.ellipse(x + side * 0.82 * p.broad, s + 0.1, 0.13, 0.085, 28 * side)
            volume(canvas, plate, lighter(cloth, 0.2), palette, p)
            canvas.light(plate * canvas.falloff(x + side * 0.82 * p.broad, s + 0.07, 0.05), palette.light, 0.5)
    elif kind == "cape":
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
            volume(canvas, wing, lighter(cloth, 0.18), palette, p)
        canvas.paint(canvas.ellipse(x, s + 0.1, 0.028, 0.028), trim)
        canvas.light(canvas.falloff(x - 0.005, s + 0.095, 0.012), palette.light, 0.8)
    else:
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
        canvas.paint(neckline * body, dark)
