"""Hats and other headwear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures import accessories, hoods
from research.style_pictures.canvas import Color, lighter, mix, rgb
from research.style_pictures.palette import COLORS, has
from research.style_pictures.person import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from research.style_pictures.canvas import Array, Canvas
    from research.style_pictures.palette import Palette
    from research.style_pictures.person import Person

    RenderedPicture = Callable[[Canvas, str, Palette, Person, Color], None]


def draw_hat(canvas: Canvas, text: str, palette: Palette, person: Person, hair: Color) -> None:
    """Draw the first hat of the table, and glasses, where the text has a word for them."""
    hat = next((hat for words, hat in HATS if any(has(text, word) for word in words.split())), None)
    if hat is not None:
        hat(canvas, text, palette, person, hair)
    for words, glasses in GLASSES:
        if any(has(text, word) for word in words.split()):
            glasses(canvas, text, palette, person, hair)


def _cap_shape(canvas: Canvas, p: Person, tall: float, wide: float = 1.08, sit: float = 0.42) -> Array:
    w, h = p.wide, p.high
    low, top = p.y - sit * h, p.y - (sit + tall) * h
    return canvas.curve(
        [
            (p.x - wide * w, low),
            (p.x - 0.92 * wide * w, low - 0.6 * (low - top)),
            (p.x - 0.5 * w, top),
            (p.x + 0.5 * w, top),
            (p.x + 0.92 * wide * w, low - 0.6 * (low - top)),
            (p.x + wide * w, low),
            (p.x, low + 0.05 * h),
        ]
    )


def _tone(text: str, word: str, otherwise: Color) -> Color:
    """The colour of a hat whose word follows a colour word or comes with straw, felt or fur."""
    before = text.split(word, maxsplit=1)[0].split()[-1:] if word in text else []
    if before and before[0] in COLORS:
        return rgb(COLORS[before[0]])
    if "straw" in text:
        return rgb("dcb96f")
    return otherwise


def brim(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A hat with a brim."""
    color = _tone(text, "hat", mix(palette.cloth, rgb("5b4636"), 0.55))
    w, h = p.wide, p.high
    wide = 2.2 if any(has(text, word) for word in ("wide", "sun", "straw", "cowboy", "western")) else 1.75
    crown = canvas.curve(
        [
            (p.x - 0.95 * w, p.y - 0.5 * h),
            (p.x - 0.86 * w, p.y - 1.3 * h),
            (p.x - 0.3 * w, p.y - 1.42 * h),
            (p.x, p.y - 1.34 * h),
            (p.x + 0.3 * w, p.y - 1.42 * h),
            (p.x + 0.86 * w, p.y - 1.3 * h),
            (p.x + 0.95 * w, p.y - 0.5 * h),
        ]
    )
    fill(canvas, crown, color, p)
    canvas.paint(
        canvas.box(p.x - 0.94 * w, p.y - 0.8 * h, p.x + 0.94 * w, p.y - 0.62 * h) * crown, lighter(color, -0.5)
    )
    fill(canvas, canvas.ellipse(p.x, p.y - 0.56 * h, wide * w, 0.2 * h, 3 * p.side), lighter(color, 0.05), p)
    canvas.darken(canvas.soft(canvas.ellipse(p.x, p.y - 0.32 * h, 0.95 * w, 0.16 * h), 0.01), 0.35)


def peaked(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A cap with a peak and a badge."""
    color = mix(palette.cloth, palette.dark, 0.35)
    fill(canvas, _cap_shape(canvas, p, 0.78, 1.3), lighter(color, 0.08), p)
    w, h = p.wide, p.high
    canvas.paint(canvas.box(p.x - 1.04 * w, p.y - 0.62 * h, p.x + 1.04 * w, p.y - 0.42 * h), lighter(color, -0.45))
    peak = [
        (p.x - 0.98 * w, p.y - 0.44 * h),
        (p.x + 0.98 * w, p.y - 0.44 * h),
        (p.x + 0.7 * w, p.y - 0.24 * h),
        (p.x, p.y - 0.18 * h),
        (p.x - 0.7 * w, p.y - 0.24 * h),
    ]
    canvas.paint(canvas.curve(peak), lighter(color, -0.6))
    canvas.paint(canvas.ellipse(p.x, p.y - 0.68 * h, 0.15 * w, 0.1 * h), rgb("e0bd5a"))


def knitted(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A woollen cap."""
    color = mix(palette.accent, palette.cloth, 0.4)
    fill(canvas, _cap_shape(canvas, p, 0.95), color, p)
    w, h = p.wide, p.high
    band = canvas.curve(
        [
            (p.x - 1.12 * w, p.y - 0.62 * h),
            (p.x, p.y - 0.66 * h),
            (p.x + 1.12 * w, p.y - 0.62 * h),
            (p.x + 1.1 * w, p.y - 0.36 * h),
            (p.x, p.y - 0.32 * h),
            (p.x - 1.1 * w, p.y - 0.36 * h),
        ]
    )
    fill(canvas, band, lighter(color, 0.25), p)
    if has(text, "bobble"):
        fill(canvas, canvas.ellipse(p.x, p.y - 1.45 * h, 0.3 * w, 0.22 * h), lighter(color, 0.5), p)


def scarf(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A cloth wound around the head."""
    color = _tone(text, "headscarf", palette.cloth)
    fill(canvas, _cap_shape(canvas, p, 0.92, 1.16, 0.36), color, p)
    w, h = p.wide, p.high
    for n, lift in enumerate((0.0, 0.26, 0.52)):
        fold = canvas.line(
            [
                (p.x - 1.1 * w, p.y - (0.45 + lift) * h),
                (p.x - 0.1 * w, p.y - (0.62 + lift) * h),
                (p.x + 1.05 * w, p.y - (0.42 + lift) * h),
            ],
            0.007,
        )
        canvas.darken(fold, 0.3 - 0.05 * n)


def crown(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A crown; of silver or ice in cold light."""
    cold = any(has(text, word) for word in ("ice", "silver", "icicles", "pearl", "winged"))
    color = rgb("d6e6f2") if cold else rgb("e2b93f")
    w, h = p.wide, p.high
    low, points = p.y - 0.72 * h, []
    for n in range(11):
        x = p.x + (n - 5) / 5 * 1.02 * w
        points.append((x, low - (0.62 - 0.03 * abs(n - 5)) * h if n % 2 else low - 0.22 * h))
    mask = canvas.polygon([(p.x - 1.02 * w, low + 0.12 * h), *points, (p.x + 1.02 * w, low + 0.12 * h)])
    fill(canvas, mask, color, p)
    for n in (-3, -1, 1, 3):
        canvas.paint(canvas.ellipse(p.x + n / 5 * 1.02 * w, low - 0.08 * h, 0.07 * w, 0.07 * h), palette.accent)
    for n in range(1, 11, 2):
        canvas.light(canvas.falloff(*points[n], 0.012), (1.0, 1.0, 1.0), 0.9)


def headdress(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A wide headdress with pearls."""
    w, h = p.wide, p.high
    silver = has(text, "silver")
    color = rgb("cfd8e2") if silver else mix(palette.accent, rgb("2f8fb8"), 0.4)
    horn = [
        (p.x - 1.0 * w, p.y - 0.5 * h),
        (p.x - 1.9 * w, p.y - 1.5 * h),
        (p.x - 0.7 * w, p.y - 1.15 * h),
        (p.x, p.y - 1.4 * h),
        (p.x + 0.7 * w, p.y - 1.15 * h),
        (p.x + 1.9 * w, p.y - 1.5 * h),
        (p.x + 1.0 * w, p.y - 0.5 * h),
        (p.x, p.y - 0.62 * h),
    ]
    fill(canvas, canvas.curve(horn), color, p)
    for n in range(-4, 5):
        x, y = p.x + n * 0.24 * w, p.y - (0.64 - 0.012 * n * n) * h
        canvas.paint(canvas.ellipse(x, y, 0.085 * w, 0.085 * w), lighter(color, 0.65))
        canvas.paint(canvas.ellipse(x * 1.0, y - 0.34 * h, 0.06 * w, 0.06 * w), palette.light)
    for side in (-1, 1):
        for n in range(5):
            canvas.paint(
                canvas.ellipse(p.x + side * 1.12 * w, p.y + (n * 0.2 - 0.1) * h, 0.05 * w, 0.06 * h), palette.light
            )


def pointed(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A witch's hat."""
    color = lighter(palette.cloth, -0.2)
    w, h = p.wide, p.high
    cone = canvas.curve(
        [
            (p.x - 0.95 * w, p.y - 0.6 * h),
            (p.x - 0.5 * w, p.y - 1.4 * h),
            (p.x + 0.35 * w, p.y - 2.35 * h),
            (p.x + 0.3 * w, p.y - 1.9 * h),
            (p.x + 0.6 * w, p.y - 1.3 * h),
            (p.x + 0.95 * w, p.y - 0.6 * h),
        ]
    )
    fill(canvas, cone, color, p)
    fill(canvas, canvas.ellipse(p.x, p.y - 0.58 * h, 2.0 * w, 0.22 * h, -4), lighter(color, 0.08), p)
    canvas.paint(canvas.box(p.x - 0.9 * w, p.y - 0.84 * h, p.x + 0.9 * w, p.y - 0.7 * h) * cone, palette.light, 0.8)


def mortarboard(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """The square cap of a graduation."""
    color = rgb("23252e")
    w, h = p.wide, p.high
    fill(canvas, _cap_shape(canvas, p, 0.5), color, p)
    board = [
        (p.x - 1.7 * w, p.y - 0.98 * h),
        (p.x, p.y - 1.28 * h),
        (p.x + 1.7 * w, p.y - 0.98 * h),
        (p.x, p.y - 0.7 * h),
    ]
    fill(canvas, canvas.polygon(board), lighter(color, 0.12), p)
    canvas.paint(
        canvas.line([(p.x, p.y - h), (p.x + 1.35 * w, p.y - 0.92 * h), (p.x + 1.38 * w, p.y - 0.35 * h)], 0.009),
        rgb("e2b93f"),
    )


def chef(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A cook's tall hat."""
    w, h = p.wide, p.high
    for dx, size in ((-0.62, 0.5), (0.62, 0.5), (0.0, 0.62)):
        fill(canvas, canvas.ellipse(p.x + dx * w, p.y - 1.32 * h, size * w, 0.42 * h), (0.97, 0.97, 0.96), p)
    fill(canvas, canvas.box(p.x - 0.98 * w, p.y - 1.2 * h, p.x + 0.98 * w, p.y - 0.52 * h), (0.93, 0.93, 0.93), p)


def wreath(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A wreath of flowers."""
    w, h = p.wide, p.high
    tones = [palette.accent, rgb("f4a6bd"), rgb("fff3e0"), rgb("f2c14e")]
    for n in range(11):
        angle = np.pi * (1.06 + 0.88 * n / 10)
        x, y = p.x + 1.1 * w * float(np.cos(angle)), p.y - 0.3 * h + 0.78 * h * float(np.sin(angle))
        canvas.paint(canvas.ellipse(x, y + 0.012, 0.2 * w, 0.1 * h, n * 40), rgb("4f7d45"))
        for k in range(5):
            out = 2 * np.pi * k / 5 + n
            petal = canvas.ellipse(x + 0.1 * w * float(np.cos(out)), y + 0.1 * w * float(np.sin(out)), 0.1 * w, 0.1 * w)
            canvas.paint(petal, lighter(tones[n % 4], 0.1 * (k % 2)))
        canvas.paint(canvas.ellipse(x, y, 0.06 * w, 0.06 * w), rgb("f2c14e"))


def party(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A crown of paper."""
    crown(canvas, "", palette, p, hair)


HATS: tuple[tuple[str, RenderedPicture], ...] = (
    ("open-visor foil", hoods.helmet),
    ("antlers", accessories.antlers),
    ("pointed", pointed),
    ("mortarboard", mortarboard),
    ("chef", chef),
    ("fur-lined furry fox-fur sheepskin parka", hoods.fur),
    ("headdress phoenix phoenixes", headdress),
    ("paper-crown", party),
    ("crown coronet circlet diadem monarch icicles princess", crown),
    ("round-eared", accessories.round_ears),
    ("peaked cap-under captain pilot", peaked),
    ("wool-cap bobble beanie", knitted),
    ("wreath flower-fairy flower-wreath", wreath),
    ("headscarf headwrap headcloth scarf-and", scarf),
    ("hooded-robe hooded-cape hooded-sweatshirt druid", hoods.hood),
    ("hat straw-hat brim tricorne fedora boater bonnet bucket", brim),
    ("gauze-cap cap-worn", knitted),
    ("carnation jasmine", accessories.flower),
    ("hairpin combs comb", accessories.comb),
    ("headset", accessories.headset),
)
GLASSES: tuple[tuple[str, RenderedPicture], ...] = (
    ("sunglasses", accessories.dark_glasses),
    ("round-glasses", accessories.round_glasses),
    ("goggles", accessories.goggles),
    ("visor-pushed lit-visor", accessories.visor),
)
