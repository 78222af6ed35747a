"""Motifs of stages and feasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb, vector

if TYPE_CHECKING:
    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette


def curtain(canvas: Canvas, palette: Palette) -> None:
    """A curtain in folds on both sides."""
    red = mix(mix(palette.bottom, rgb("8c1d2b"), 0.55), palette.dark, 0.15)
    folds = 0.5 + 0.5 * np.sin(canvas.x * 46 + 1.5 * np.sin(canvas.y * 3))
    edge = 0.5 + 0.5 * np.tanh((np.abs(canvas.x - 0.5) - 0.27 - 0.05 * np.sin(canvas.y * 4)) * 40)
    color = vector(lighter(red, -0.45)) * (1 - folds[..., None]) + vector(lighter(red, 0.12)) * folds[..., None]
    part = edge[..., None].astype(np.float32)
    canvas.rgb = canvas.rgb * (1 - part) + color.astype(np.float32) * part


def spotlight(canvas: Canvas, palette: Palette) -> None:
    """One or two cones of light from above."""
    for x, lean in ((0.2, 0.24), (0.85, -0.28)):
        cone = canvas.polygon([(x - 0.015, -0.02), (x + 0.015, -0.02), (x + lean + 0.26, 1), (x + lean - 0.2, 1)])
        fade = np.clip(1.15 - canvas.y, 0, 1).astype(np.float32)
        canvas.light(canvas.soft(cone, 0.018) * fade, palette.light, 0.34)
    canvas.light(canvas.falloff(0.5, 0.95, 0.3, 0.3), palette.light, 0.35)


def lanterns(canvas: Canvas, palette: Palette) -> None:
    """Paper lanterns that glow."""
    for n, (x, y, size) in enumerate(
        (
            (0.1, 0.16, 0.062),
            (0.28, 0.08, 0.042),
            (0.9, 0.2, 0.066),
            (0.73, 0.09, 0.045),
            (0.05, 0.45, 0.045),
            (0.95, 0.5, 0.04),
        )
    ):
        tone = mix(rgb("e8452c"), rgb("f6a23a"), 0.25 + 0.1 * (n % 3))
        canvas.light(canvas.falloff(x, y, size * 2.1), rgb("ff9a3d"), 0.55)
        canvas.paint(canvas.line([(x, 0), (x, y)], 0.004), palette.dark)
        canvas.shade(
            canvas.ellipse(x, y, size, size * 0.86), lighter(tone, 0.35), lighter(tone, -0.12), (y - size, y + size)
        )
        for k in (-0.5, 0, 0.5):
            canvas.darken(
                canvas.line(
                    [(x + k * size, y - size * 0.75), (x + k * 1.3 * size, y), (x + k * size, y + size * 0.75)], 0.004
                ),
                0.25,
            )
        canvas.paint(canvas.box(x - size * 0.4, y - size, x + size * 0.4, y - size * 0.8), rgb("e2b93f"))
        canvas.paint(canvas.box(x - size * 0.4, y + size * 0.8, x + size * 0.4, y + size), rgb("e2b93f"))
        canvas.paint(canvas.box(x - 0.003, y + size, x + 0.003, y + size * 1.7), rgb("e2b93f"))


def candles(canvas: Canvas, palette: Palette) -> None:
    """Candles on both sides."""
    for x, top in ((0.07, 0.58), (0.17, 0.66), (0.84, 0.64), (0.93, 0.55)):
        canvas.light(canvas.falloff(x, top - 0.04, 0.13), rgb("ffb35c"), 0.6)
        canvas.shade(canvas.box(x - 0.02, top, x + 0.02, 1), rgb("f6e6c8"), rgb("a98a5f"), (top, 1))
        canvas.light(
            canvas.curve([(x, top - 0.07), (x + 0.014, top - 0.03), (x, top - 0.01), (x - 0.014, top - 0.03)]),
            rgb("ffe7a3"),
            1.0,
        )


def balcony_tree(canvas: Canvas, palette: Palette) -> None:
    """A decorated fir beside the person."""
    for x, top in ((0.12, 0.16), (0.93, 0.34)):
        for part in range(5):
            y, wide = top + 0.13 * part, 0.09 + 0.055 * part
            canvas.shade(
                canvas.polygon([(x, y), (x + wide, y + 0.22), (x - wide, y + 0.22)]),
                rgb("2f6b45"),
                rgb("12372a"),
                (y, y + 0.22),
            )
        for n in range(26):
            y = top + 0.06 + 0.78 * float(canvas.random.random())
            bx = x + (y - top) * 0.32 * (2 * float(canvas.random.random()) - 1)
            tone = (rgb("f2c14e"), rgb("e0453a"), rgb("fff0c8"), rgb("6fb6e8"))[n % 4]
            canvas.light(canvas.falloff(bx, y, 0.026), tone, 0.55)
            canvas.paint(canvas.ellipse(bx, y, 0.011, 0.011), lighter(tone, 0.35))
    canvas.light(canvas.falloff(0.12, 0.15, 0.05), rgb("ffe08a"), 0.9)


def staves(canvas: Canvas, palette: Palette) -> None:
    """Lines of music that swing through the dark."""
    for n in range(5):
        line = [(x, 0.2 + 0.022 * n + 0.07 * float(np.sin(x * 5 + 0.6))) for x in np.linspace(-0.05, 1.05, 40).tolist()]
        canvas.light(canvas.line(line, 0.004), palette.light, 0.55)
    for n in range(9):
        x = (n + 0.5) / 9
        y = 0.2 + 0.022 * int(canvas.random.integers(5)) + 0.07 * float(np.sin(x * 5 + 0.6))
        canvas.light(canvas.ellipse(x, y, 0.016, 0.012, -20), palette.light, 0.9)
        canvas.light(canvas.line([(x + 0.014, y), (x + 0.014, y - 0.085)], 0.005), palette.light, 0.9)


def ropes(canvas: Canvas, palette: Palette) -> None:
    """The ropes of a ring and heavy bags."""
    for x in (0.12, 0.88):
        canvas.paint(canvas.line([(x, 0), (x, 0.18)], 0.007), palette.dark)
        bag = canvas.curve([(x - 0.075, 0.2), (x + 0.075, 0.2), (x + 0.085, 0.62), (x, 0.67), (x - 0.085, 0.62)])
        canvas.shade(bag, rgb("8a3b2a"), rgb("3a1712"), (0.2, 0.66))
        canvas.paint(canvas.box(x - 0.08, 0.34, x + 0.08, 0.4) * bag, lighter(palette.light, -0.1), 0.8)
    for y, tone in ((0.72, rgb("d23a34")), (0.8, rgb("f1efe8")), (0.88, rgb("3a62b5"))):
        canvas.paint(canvas.box(0, y, 1, y + 0.014), tone)


def bars(canvas: Canvas, palette: Palette) -> None:
    """Slatted shadows of a blind."""
    for n in range(9):
        y = 0.03 + 0.115 * n
        canvas.darken(canvas.soft(canvas.polygon([(0, y), (1, y - 0.06), (1, y - 0.01), (0, y + 0.05)]), 0.006), 0.55)


def drapes(canvas: Canvas, palette: Palette) -> None:
    """Bunting and garlands."""
    tones: tuple[Color, ...] = (rgb("e9556a"), rgb("f2c14e"), rgb("5ab0e0"), rgb("6cc08a"), palette.accent)
    for n, (high, sag) in enumerate(((0.03, 0.12), (0.12, 0.1))):
        line = [(x, high + sag * 4 * x * (1 - x)) for x in np.linspace(-0.02, 1.02, 14).tolist()]
        canvas.paint(canvas.line(line, 0.005), palette.dark, 0.7)
        for k, (x, y) in enumerate(line[:-1]):
            canvas.paint(
                canvas.polygon([(x + 0.008, y), (x + 0.066, y + 0.004), (x + 0.036, y + 0.075)]), tones[(k + n) % 5]
            )


def racks(canvas: Canvas, palette: Palette) -> None:
    """Shapes of an orchestra or an audience in the dark."""
    for n in range(26):
        x, y = float(canvas.random.random()), 0.66 + 0.3 * (n / 26)
        tone = mix(palette.dark, palette.bottom, 0.32 - 0.26 * n / 26)
        canvas.paint(canvas.ellipse(x, y, 0.028, 0.034), tone)
        canvas.paint(canvas.ellipse(x, y + 0.075, 0.065, 0.055), tone)
