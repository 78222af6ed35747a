"""Motifs of rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import lighter, mix, rgb

if TYPE_CHECKING:
    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette


def studio(canvas: Canvas, palette: Palette) -> None:
    """A backdrop with a pool of light behind the head and one large plain form."""
    ground = mix(mix(palette.bottom, palette.accent, 0.58), palette.top, 0.12)
    canvas.gradient(lighter(ground, -0.28), lighter(ground, 0.12))
    form = mix(palette.accent, palette.light, 0.5)
    kind = int(canvas.random.integers(5))
    if kind == 0:
        canvas.paint(canvas.ellipse(0.5, 0.42, 0.34, 0.34), form, 0.75)
    elif kind == 1:
        canvas.paint(canvas.polygon([(0.62, -0.1), (1.1, -0.1), (1.1, 1.1), (0.3, 1.1)]), form, 0.5)
    elif kind == 2:
        canvas.paint(np.maximum(canvas.ellipse(0.5, 0.42, 0.32, 0.36), canvas.box(0.18, 0.42, 0.82, 1)), form, 0.6)
    elif kind == 3:
        for n, size in enumerate((0.52, 0.42, 0.32)):
            canvas.paint(canvas.ellipse(0.5, 0.44, size, size), lighter(form, 0.08 * n), 0.34)
    else:
        canvas.paint(canvas.box(0.12, 0.1, 0.88, 1.1), form, 0.5)
    canvas.light(canvas.falloff(0.5, 0.4, 0.36), palette.light, 0.32)


def books(canvas: Canvas, palette: Palette) -> None:
    """Shelves full of books."""
    wood = mix(palette.dark, rgb("5a3820"), 0.6)
    canvas.paint(canvas.box(0, 0, 1, 1), lighter(wood, -0.4), 0.85)
    tones = (rgb("8c3b2e"), rgb("2f5a52"), rgb("b08a4a"), rgb("3c4a78"), rgb("6b4a6f"), rgb("c4b08a"), palette.accent)
    for row in range(5):
        base, x, n = 0.2 * row + 0.185, 0.0, 0
        while x < 1:
            wide, high = 0.018 + 0.022 * float(canvas.random.random()), 0.11 + 0.05 * float(canvas.random.random())
            tone = mix(tones[int(canvas.random.integers(7))], wood, 0.3)
            canvas.shade(
                canvas.box(x, base - high, x + wide, base),
                lighter(tone, 0.1),
                lighter(tone, -0.25),
                (base - high, base),
            )
            x, n = x + wide + 0.002, n + 1
        canvas.paint(canvas.box(0, base, 1, base + 0.016), lighter(wood, 0.15))


def bottles(canvas: Canvas, palette: Palette) -> None:
    """A shelf of bottles or vials before a glow."""
    for row in range(3):
        base = 0.24 + 0.25 * row
        canvas.light(canvas.soft(canvas.box(0, base - 0.16, 1, base), 0.03), palette.light, 0.22)
        for n in range(13):
            x = n / 12 + 0.012 * float(canvas.random.normal())
            tone = (rgb("d98a2b"), rgb("5aa06b"), rgb("4a8fc4"), rgb("b8506b"), palette.accent)[
                int(canvas.random.integers(5))
            ]
            high = 0.1 + 0.05 * float(canvas.random.random())
            glass = np.maximum(
                canvas.box(x - 0.022, base - high, x + 0.022, base),
                canvas.box(x - 0.008, base - high - 0.04, x + 0.008, base),
            )
            canvas.paint(glass, mix(tone, palette.dark, 0.15), 0.85)
            canvas.light(canvas.box(x - 0.015, base - high + 0.01, x - 0.009, base - 0.01), (1.0, 1.0, 1.0), 0.4)
        canvas.paint(canvas.box(0, base, 1, base + 0.018), palette.dark)


def window(canvas: Canvas, palette: Palette) -> None:
    """A tall bright window on one side, and its light in the room."""
    left = 0.05 if canvas.random.random() < 0.5 else 0.62
    glow = canvas.box(left, 0.06, left + 0.33, 0.78)
    canvas.light(canvas.soft(glow, 0.08), palette.light, 0.45)
    canvas.shade(glow, lighter(palette.light, 0.2), mix(palette.light, palette.bottom, 0.55), (0.06, 0.78))
    frame = mix(palette.dark, palette.bottom, 0.3)
    for x in (left, left + 0.165, left + 0.33):
        canvas.paint(canvas.box(x - 0.009, 0.05, x + 0.009, 0.79), frame)
    for y in (0.06, 0.3, 0.54, 0.78):
        canvas.paint(canvas.box(left - 0.01, y - 0.008, left + 0.34, y + 0.008), frame)


def lattice(canvas: Canvas, palette: Palette) -> None:
    """A carved screen with light behind it."""
    canvas.light(canvas.falloff(0.5, 0.35, 0.4), palette.light, 0.4)
    wood = mix(palette.dark, rgb("5a2a1c"), 0.5)
    for n in range(9):
        x = n / 8
        canvas.paint(canvas.box(x - 0.008, 0, x + 0.008, 1), wood)
        canvas.paint(canvas.box(0, x - 0.008, 1, x + 0.008), wood)
    for n in range(8):
        for k in range(8):
            if (n + k) % 2 == 0:
                x, y = (n + 0.5) / 8, (k + 0.5) / 8
                canvas.paint(canvas.polygon([(x, y - 0.04), (x + 0.04, y), (x, y + 0.04), (x - 0.04, y)]), wood)
                canvas.light(canvas.ellipse(x, y, 0.016, 0.016), palette.light, 0.45)


def bricks(canvas: Canvas, palette: Palette) -> None:
    """A wall of bricks."""
    base = mix(palette.bottom, rgb("9c4a34"), 0.6)
    for row in range(17):
        for n in range(-1, 9):
            x, y = n / 8 + (row % 2) / 16, row / 16
            tone = lighter(base, 0.16 * float(canvas.random.random()) - 0.12)
            canvas.paint(canvas.box(x + 0.004, y + 0.004, x + 0.121, y + 0.058), tone, 0.9)
    for n, tone in enumerate((palette.accent, rgb("3fd0c9"), rgb("f2c14e"))):
        line = [(0.02 + 0.33 * n, 0.3), (0.1 + 0.33 * n, 0.14), (0.18 + 0.33 * n, 0.34), (0.27 + 0.33 * n, 0.16)]
        canvas.paint(canvas.soft(canvas.line(line, 0.035), 0.004), tone, 0.65)


def tiles(canvas: Canvas, palette: Palette) -> None:
    """A wall of patterned tiles under an arch."""
    blue, ochre = rgb("2a6f97"), rgb("d9a441")
    for n in range(9):
        for k in range(9):
            x, y = (n + 0.5) / 9, (k + 0.5) / 9
            canvas.paint(
                canvas.box(x - 0.053, y - 0.053, x + 0.053, y + 0.053),
                lighter(mix(palette.bottom, (1.0, 1.0, 1.0), 0.4), -0.03),
            )
            star = [
                (
                    x + (0.048 if i % 2 == 0 else 0.022) * float(np.cos(np.pi * i / 8 * 2)),
                    y + (0.048 if i % 2 == 0 else 0.022) * float(np.sin(np.pi * i / 8 * 2)),
                )
                for i in range(8)
            ]
            canvas.paint(canvas.polygon(star), blue if (n + k) % 2 else ochre)
    arch = np.maximum(canvas.ellipse(0.5, 0.36, 0.33, 0.34), canvas.box(0.17, 0.36, 0.83, 1))
    canvas.shade(arch, palette.top, palette.bottom)
    canvas.light(arch * canvas.falloff(0.5, 0.3, 0.35), palette.light, 0.4)


def flasks(canvas: Canvas, palette: Palette) -> None:
    """Glassware with coloured liquids."""
    tones = (rgb("42c7b8"), rgb("f0705c"), rgb("8f6fd0"), rgb("f2c14e"), rgb("4a9fe0"))
    canvas.paint(canvas.box(0, 0.8, 1, 0.83), mix(palette.dark, palette.bottom, 0.5))
    for n, x in enumerate((0.06, 0.18, 0.3, 0.72, 0.84, 0.95)):
        high = 0.16 + 0.14 * float(canvas.random.random())
        glass = canvas.polygon(
            [
                (x - 0.015, 0.8 - high),
                (x + 0.015, 0.8 - high),
                (x + 0.016, 0.72),
                (x + 0.055, 0.8),
                (x - 0.055, 0.8),
                (x - 0.016, 0.72),
            ]
        )
        if n % 2:
            glass = np.maximum(
                canvas.ellipse(x, 0.745, 0.055, 0.055), canvas.box(x - 0.013, 0.8 - high, x + 0.013, 0.74)
            )
        canvas.light(glass, palette.light, 0.3)
        canvas.paint(glass * (canvas.y > 0.725), tones[n % 5], 0.85)
        canvas.light(canvas.falloff(x, 0.76, 0.05), tones[n % 5], 0.35)


def easels(canvas: Canvas, palette: Palette) -> None:
    """Canvases with strokes of paint."""
    tones = (palette.accent, palette.cloth, rgb("e9b44c"), rgb("4a7fb5"), rgb("c8553d"), rgb("7aa874"))
    for left, top, right, low in (
        (0.02, 0.1, 0.3, 0.55),
        (0.7, 0.05, 0.99, 0.42),
        (0.76, 0.48, 1.03, 0.85),
        (-0.05, 0.62, 0.2, 0.95),
    ):
        canvas.darken(canvas.soft(canvas.box(left + 0.015, top + 0.02, right + 0.015, low + 0.02), 0.012), 0.4)
        frame = canvas.box(left, top, right, low)
        canvas.paint(frame, (0.97, 0.95, 0.9))
        for n in range(16):
            x, y = (
                left + (right - left) * float(canvas.random.random()),
                top + (low - top) * float(canvas.random.random()),
            )
            stroke = canvas.ellipse(x, y, 0.075, 0.018, float(canvas.random.integers(180)))
            canvas.paint(stroke * frame, lighter(tones[n % 6], 0.1 * (n % 3)), 0.85)


def pans(canvas: Canvas, palette: Palette) -> None:
    """Copper pans on a rail."""
    canvas.paint(canvas.box(0, 0.07, 1, 0.085), palette.dark)
    for x, size in ((0.09, 0.075), (0.25, 0.055), (0.76, 0.06), (0.92, 0.08)):
        copper = mix(rgb("c9703a"), palette.light, 0.1)
        canvas.paint(canvas.box(x - 0.009, 0.08, x + 0.009, 0.24), lighter(copper, -0.4))
        canvas.shade(
            canvas.ellipse(x, 0.24 + size, size, size),
            lighter(copper, 0.3),
            lighter(copper, -0.35),
            (0.22, 0.24 + 2 * size),
        )
        canvas.light(
            canvas.soft(canvas.ellipse(x - size * 0.3, 0.24 + size * 0.6, size * 0.2, size * 0.3), 0.008),
            (1.0, 0.95, 0.85),
            0.6,
        )
