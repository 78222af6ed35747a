"""Motifs of trees and stones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb
from research.style_pictures.land import roll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette


def conifers(canvas: Canvas, palette: Palette) -> None:
    """Firs, the near ones dark."""
    for n, (base, size, count) in enumerate(((0.62, 0.2, 15), (0.72, 0.32, 10), (0.86, 0.46, 6))):
        tone = mix(palette.bottom, lighter(mix(palette.dark, rgb("0f3a2c"), 0.5), -0.05), 0.4 + 0.27 * n)
        for k in range(count):
            x = (k + float(canvas.random.random()) * 0.7) / count
            high = size * (0.7 + 0.5 * float(canvas.random.random()))
            if n == 2 and 0.3 < x < 0.7:
                continue
            for part in range(4):
                top = base - high + part * high * 0.2
                wide = high * (0.1 + 0.055 * part)
                canvas.paint(
                    canvas.polygon([(x, top), (x + wide, top + high * 0.34), (x - wide, top + high * 0.34)]), tone
                )
        canvas.paint(canvas.box(0, base - 0.02, 1, 1), tone)


def trunks(canvas: Canvas, palette: Palette) -> None:
    """The trunks of an old wood and leaves above."""
    for n in range(13):
        near = n / 13
        x = float(canvas.random.random())
        if near > 0.6 and 0.28 < x < 0.72:
            x = 0.1 if x < 0.5 else 0.92
        wide = 0.008 + 0.035 * near
        tone = mix(mix(palette.bottom, palette.light, 0.1), lighter(palette.dark, -0.1), 0.25 + 0.7 * near)
        canvas.paint(canvas.polygon([(x - wide, 1), (x - wide * 0.6, 0), (x + wide * 0.7, 0), (x + wide, 1)]), tone)
    _canopy(canvas, lighter(mix(palette.dark, rgb("2c5c34"), 0.5), 0.0))


def _canopy(canvas: Canvas, tone: Color, count: int = 60, low: float = 0.2) -> None:
    for n in range(count):
        x = float(canvas.random.random())
        y = low * float(canvas.random.random()) ** 1.5 + 0.12 * abs(x - 0.5)
        size = 0.02 + 0.03 * float(canvas.random.random())
        canvas.paint(
            canvas.ellipse(x, y, size * 1.2, size * 0.8, n * 37),
            lighter(tone, 0.16 * float(canvas.random.random())),
            0.85,
        )


def bamboo(canvas: Canvas, palette: Palette) -> None:
    """Stems of bamboo with their rings, and leaves."""
    for n in range(15):
        near = n / 15
        x = float(canvas.random.random())
        if near > 0.6 and 0.3 < x < 0.7:
            x = 0.14 if x < 0.5 else 0.88
        wide = 0.006 + 0.018 * near
        tone = mix(palette.bottom, mix(rgb("4c8f3f"), palette.dark, 0.35 * near), 0.35 + 0.6 * near)
        stem = canvas.box(x - wide, 0, x + wide, 1)
        canvas.paint(stem, tone)
        canvas.light(canvas.box(x - wide * 0.6, 0, x - wide * 0.1, 1), palette.light, 0.2)
        for k in range(5):
            y = (k + float(canvas.random.random()) * 0.4) / 5
            canvas.darken(canvas.box(x - wide, y, x + wide, y + 0.008), 0.4)
    for n in range(40):
        x, y = float(canvas.random.random()), 0.3 * float(canvas.random.random()) ** 1.3
        canvas.paint(
            canvas.ellipse(x, y, 0.045, 0.007, 20 + n * 53 % 130),
            mix(rgb("5f9c45"), palette.dark, 0.3 * (n % 3) / 2),
            0.9,
        )


def palms(canvas: Canvas, palette: Palette) -> None:
    """Leaning palms and giant leaves."""
    tone = mix(palette.dark, rgb("1d5a3a"), 0.45)
    for x, top, lean in ((0.12, 0.2, 0.06), (0.9, 0.14, -0.05)):
        canvas.paint(canvas.line([(x, 1), (x + lean * 0.4, 0.6), (x + lean, top)], 0.02), lighter(tone, -0.2))
        for n in range(9):
            turn = n * 0.7 + x
            end = (x + lean + 0.24 * float(np.cos(turn)), top + 0.13 * float(np.sin(turn)) + 0.07)
            middle = (x + lean + 0.14 * float(np.cos(turn)), top + 0.1 * float(np.sin(turn)) - 0.03)
            canvas.paint(
                canvas.curve([(x + lean, top), (middle[0], middle[1] - 0.02), end, (middle[0], middle[1] + 0.015)]),
                tone,
            )


def ferns(canvas: Canvas, palette: Palette) -> None:
    """Large leaves at the edges."""
    tone = mix(palette.dark, rgb("1f6b42"), 0.55)
    for n in range(18):
        side = n % 2
        x, y = (0.0 if side else 1.0), 0.25 + 0.75 * n / 18
        turn = (-0.6 + 1.2 * float(canvas.random.random())) + (0 if side else np.pi)
        end = (x + 0.3 * float(np.cos(turn)), y + 0.2 * float(np.sin(turn)) - 0.05)
        middle = ((x + end[0]) / 2, (y + end[1]) / 2 - 0.05)
        leaf = canvas.curve([(x, y), (middle[0], middle[1] - 0.03), end, (middle[0], middle[1] + 0.04)])
        canvas.paint(leaf, lighter(tone, 0.22 * float(canvas.random.random())))
        canvas.light(canvas.line([(x, y), middle, end], 0.004), palette.light, 0.22)


def branches(canvas: Canvas, palette: Palette, tones: Sequence[Color], size: float = 0.016) -> None:
    """Two branches that reach in from above, full of blossom or leaves."""
    for start, turn in (((-0.02, 0.2), 0.12), ((1.02, 0.1), np.pi - 0.1)):
        x, y, angle = start[0], start[1], float(turn)
        stem = [(x, y)]
        for _ in range(7):
            angle += 0.25 * float(canvas.random.normal())
            x, y = x + 0.065 * float(np.cos(angle)), y + 0.035 * float(np.sin(angle))
            stem.append((x, y))
        canvas.paint(canvas.line(stem, 0.011), mix(palette.dark, rgb("4a3028"), 0.5))
        for n in range(60):
            base = stem[n % len(stem)]
            bx = base[0] + 0.055 * float(canvas.random.normal())
            by = base[1] + 0.05 * float(canvas.random.normal())
            grown = size * (0.7 + 0.6 * float(canvas.random.random()))
            canvas.paint(canvas.ellipse(bx, by, grown, grown * 0.85, n * 41), tones[n % len(tones)], 0.92)


def blossom(canvas: Canvas, palette: Palette) -> None:
    """Branches in bloom."""
    branches(canvas, palette, (rgb("f7bcd0"), rgb("fbdbe6"), rgb("ee93b2"), rgb("ffffff")))


def maple(canvas: Canvas, palette: Palette) -> None:
    """Branches of red and yellow leaves."""
    branches(canvas, palette, (rgb("d9482b"), rgb("f08a2c"), rgb("f3bb3f"), rgb("b5321f")), 0.019)


def plum(canvas: Canvas, palette: Palette) -> None:
    """A few dark branches with single red blossoms."""
    branches(canvas, palette, (rgb("d9394f"), rgb("f28aa0")), 0.009)


def bare(canvas: Canvas, palette: Palette) -> None:
    """Bare branches."""
    tone = mix(palette.dark, palette.bottom, 0.15)
    for x, sign in ((0.08, 1), (0.93, -1)):
        canvas.paint(canvas.line([(x, 1), (x + sign * 0.01, 0.5), (x + sign * 0.04, 0.12)], 0.02), tone)
        for n in range(9):
            y = 0.62 - 0.055 * n
            reach = sign * (1 if n % 2 else -1) * (0.1 + 0.09 * float(canvas.random.random()))
            canvas.paint(
                canvas.line([(x + sign * 0.02, y), (x + reach * 0.6, y - 0.05), (x + reach, y - 0.12)], 0.007), tone
            )


def poplars(canvas: Canvas, palette: Palette) -> None:
    """Golden crowns in rows."""
    for n in range(26):
        near = n / 26
        x, y = float(canvas.random.random()), 0.5 + 0.1 * near
        if near > 0.5 and 0.32 < x < 0.68:
            continue
        size = 0.05 + 0.08 * near
        tone = mix(rgb("f3c64a"), rgb("c97a1e"), float(canvas.random.random()))
        canvas.paint(canvas.line([(x, y), (x, y + 0.25)], 0.008), rgb("5a3d22"))
        for k in range(7):
            canvas.paint(
                canvas.ellipse(
                    x + size * 0.4 * float(canvas.random.normal()), y - size * (k - 2) * 0.4, size * 0.55, size * 0.4
                ),
                lighter(tone, 0.12 * (k % 3 - 1)),
                0.85,
            )
    canvas.shade(roll(canvas, 0.74, 0.02), mix(rgb("d9a63f"), palette.bottom, 0.2), rgb("7a5220"), (0.72, 1))


def stones(canvas: Canvas, palette: Palette) -> None:
    """Standing stones in mist."""
    for x, top in ((0.1, 0.4), (0.27, 0.5), (0.75, 0.48), (0.92, 0.36)):
        tone = mix(palette.dark, palette.bottom, 0.3)
        mask = canvas.curve(
            [(x - 0.055, 0.82), (x - 0.045, top + 0.03), (x, top), (x + 0.045, top + 0.04), (x + 0.06, 0.82)]
        )
        canvas.shade(mask, lighter(tone, 0.15), lighter(tone, -0.25), (top, 0.8))
    canvas.shade(roll(canvas, 0.78, 0.02), mix(palette.dark, rgb("4b6b4a"), 0.5), palette.dark, (0.76, 1))
    canvas.haze(0.6, 0.84, palette.bottom, 0.6)
