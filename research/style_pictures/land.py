"""Motifs under the open sky."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb, vector

if TYPE_CHECKING:
    from research.style_pictures.canvas import Array, Canvas
    from research.style_pictures.palette import Palette


def _ridge(canvas: Canvas, level: float, rough: float, pieces: int) -> Array:
    """The ground below a line of peaks."""
    xs = np.linspace(-0.05, 1.05, pieces)
    ys = level + rough * (canvas.random.random(pieces) - 0.5) * 2
    return canvas.polygon([(-0.05, 1.05), *zip(xs.tolist(), ys.tolist(), strict=True), (1.05, 1.05)])


def roll(canvas: Canvas, level: float, rough: float, pieces: int = 5) -> Array:
    """The ground below a smooth line."""
    xs = np.linspace(-0.25, 1.25, pieces)
    ys = level + rough * (canvas.random.random(pieces) - 0.5) * 2
    points = [(-0.4, 1.3), *zip(xs.tolist(), ys.tolist(), strict=True), (1.4, 1.3)]
    return canvas.curve(points)


def mountains(canvas: Canvas, palette: Palette) -> None:
    """Three ranges, the far ones pale, snow on the highest."""
    for n, (level, rough) in enumerate(((0.38, 0.13), (0.52, 0.1), (0.66, 0.07))):
        mask = _ridge(canvas, level, rough, 7 + 2 * n)
        tone = mix(palette.bottom, palette.dark, 0.28 + 0.24 * n)
        canvas.shade(mask, tone, mix(tone, palette.bottom, 0.55), (level - rough, level + 0.3))
        if n == 0:
            snow = mask * np.clip((level - 0.02 - canvas.y) * 9 + (canvas.noise(0.05) - 0.5), 0, 1)
            canvas.light(snow.astype(np.float32), (1.0, 1.0, 1.0), 0.75)


def hills(canvas: Canvas, palette: Palette) -> None:
    """Green hills."""
    green = mix(rgb("5d9a4e"), palette.bottom, 0.2)
    for n, level in enumerate((0.56, 0.66, 0.78)):
        canvas.shade(
            roll(canvas, level, 0.05),
            lighter(mix(green, palette.light, 0.3), 0.08 - 0.12 * n),
            lighter(green, -0.2 * n),
            (level - 0.05, level + 0.3),
        )


def fields(canvas: Canvas, palette: Palette) -> None:
    """Rows of wheat that run to the horizon."""
    _rows(canvas, palette, rgb("e0b64e"), rgb("b98a2f"))


def lavender(canvas: Canvas, palette: Palette) -> None:
    """Rows of lavender."""
    _rows(canvas, palette, rgb("9a7fd0"), rgb("5f4a9c"))


def vines(canvas: Canvas, palette: Palette) -> None:
    """Rows of green."""
    _rows(canvas, palette, rgb("83a84a"), rgb("4a7034"))


def _rows(canvas: Canvas, palette: Palette, bright: Color, deep: Color) -> None:
    level = 0.58
    ground = canvas.box(0, level, 1, 1)
    canvas.shade(ground, mix(bright, palette.light, 0.35), deep, (level, 1))
    for n in range(-9, 10):
        canvas.paint(
            canvas.polygon(
                [
                    (0.5 + n * 0.02, level),
                    (0.5 + n * 0.021 + 0.004, level),
                    (0.5 + n * 0.19 + 0.05, 1.02),
                    (0.5 + n * 0.19 - 0.03, 1.02),
                ]
            )
            * ground,
            lighter(deep, -0.2),
            0.5,
        )


def sunflowers(canvas: Canvas, palette: Palette) -> None:
    """Big yellow heads on both sides."""
    canvas.shade(roll(canvas, 0.62, 0.02), rgb("7ba03f"), rgb("3d6629"), (0.6, 1))
    for n in range(26):
        y = 0.56 + 0.44 * (n / 26)
        x = float(canvas.random.random())
        size = 0.02 + 0.075 * (y - 0.5)
        canvas.paint(canvas.ellipse(x, y, size * 1.7, size * 1.7), lighter(rgb("f2b81f"), 0.15 * (n % 3 - 1)))
        canvas.paint(canvas.ellipse(x, y, size * 0.75, size * 0.75), rgb("5a3818"))


def flowers(canvas: Canvas, palette: Palette) -> None:
    """A meadow in bloom, out of focus near the edge."""
    canvas.shade(roll(canvas, 0.6, 0.03), mix(rgb("86b565"), palette.bottom, 0.25), rgb("3f7040"), (0.56, 1))
    tones = [
        palette.accent,
        rgb("f28aa5"),
        rgb("fff2dc"),
        rgb("e9556a"),
        rgb("f3c64f"),
        mix(palette.cloth, rgb("c77dd6"), 0.5),
    ]
    for n in range(70):
        y = 0.58 + 0.42 * float(canvas.random.random()) ** 0.8
        x, size = float(canvas.random.random()), 0.006 + 0.04 * (y - 0.56)
        canvas.paint(
            canvas.soft(canvas.ellipse(x, y, size, size * 0.85), 0.001 + 0.006 * (y - 0.56)), tones[n % 6], 0.95
        )


def dunes(canvas: Canvas, palette: Palette) -> None:
    """Dunes with a bright and a dark side."""
    sand = mix(rgb("e5b36b"), palette.bottom, 0.3)
    for n, level in enumerate((0.5, 0.62, 0.76)):
        mask = roll(canvas, level, 0.07, 4)
        canvas.shade(
            mask,
            lighter(mix(sand, palette.light, 0.35), 0.05 - 0.06 * n),
            lighter(sand, -0.28 - 0.1 * n),
            (level - 0.06, level + 0.26),
        )
        shadow = mask * np.clip(np.sin((canvas.x * 2.2 + canvas.y * 3 + n) * np.pi), 0, 1)
        canvas.darken(shadow.astype(np.float32), 0.18)


def mesas(canvas: Canvas, palette: Palette) -> None:
    """Flat-topped rocks of a canyon."""
    for n, (left, right, top) in enumerate(((-0.1, 0.24, 0.4), (0.3, 0.46, 0.5), (0.7, 1.1, 0.36))):
        rock = mix(rgb("b5562f"), palette.bottom, 0.15 + 0.1 * n)
        mask = canvas.polygon([(left, 0.72), (left + 0.04, top), (right - 0.04, top), (right + 0.03, 0.72)])
        canvas.shade(mask, lighter(rock, 0.12), lighter(rock, -0.25), (top, 0.72))
        for k in range(4):
            canvas.darken(canvas.box(left, top + 0.05 + 0.06 * k, right + 0.05, top + 0.065 + 0.06 * k) * mask, 0.18)
    canvas.shade(roll(canvas, 0.7, 0.02), mix(rgb("d9954f"), palette.light, 0.2), rgb("9c5a2e"), (0.68, 1))


def sea(canvas: Canvas, palette: Palette) -> None:
    """The sea with a path of light on it."""
    level = 0.55
    water = canvas.box(0, level, 1, 1)
    deep = mix(palette.top, rgb("0e5f86"), 0.45)
    canvas.shade(water, mix(palette.bottom, deep, 0.35), lighter(deep, -0.25), (level, 1))
    x = 0.25 if canvas.random.random() < 0.5 else 0.75
    for _ in range(60):
        y = level + 0.45 * float(canvas.random.random()) ** 1.4
        spread = 0.03 + 0.35 * (y - level)
        here = x + spread * float(canvas.random.normal()) * 0.8
        canvas.light(
            canvas.ellipse(here, y, 0.012 + 0.05 * (y - level), 0.0025 + 0.008 * (y - level)), palette.light, 0.65
        )
    canvas.haze(level - 0.02, level + 0.02, lighter(palette.bottom, 0.4), 0.6)


def waves(canvas: Canvas, palette: Palette) -> None:
    """Rolling waves with crests of foam."""
    deep = mix(palette.top, rgb("155e8c"), 0.5)
    for n, level in enumerate((0.54, 0.64, 0.75, 0.88)):
        xs = np.linspace(-0.1, 1.1, 40)
        crest = level + 0.022 * np.sin(xs * (14 - 2 * n) + n * 2.1)
        line = list(zip(xs.tolist(), crest.tolist(), strict=True))
        canvas.shade(
            canvas.polygon([(-0.1, 1.1), *line, (1.1, 1.1)]),
            lighter(deep, 0.3 - 0.12 * n),
            lighter(deep, -0.1 - 0.1 * n),
            (level - 0.02, level + 0.12),
        )
        canvas.light(canvas.line(line, 0.008), (1.0, 1.0, 1.0), 0.7)


def lake(canvas: Canvas, palette: Palette) -> None:
    """Still water that mirrors what stands above it."""
    level = 0.6
    row = round(level * canvas.side)
    depth = canvas.side - row
    mirrored = canvas.rgb[max(row - depth, 0) : row][::-1]
    canvas.rgb[row : row + len(mirrored)] = mirrored * 0.72 + vector(palette.dark) * 0.18
    for _ in range(24):
        y = level + 0.4 * float(canvas.random.random())
        canvas.light(
            canvas.box(0, y, 1, y + 0.002) * canvas.falloff(float(canvas.random.random()), y, 0.14), palette.light, 0.3
        )


def clouds(canvas: Canvas, palette: Palette) -> None:
    """Soft clouds."""
    for _ in range(5):
        x, y, size = (float(v) for v in canvas.random.random(3))
        y, size = 0.06 + 0.34 * y, 0.05 + 0.07 * size
        mask = np.zeros_like(canvas.x)
        for k in range(6):
            mask = np.maximum(
                mask, canvas.ellipse(x + (k - 2.5) * size * 0.7, y - size * 0.25 * (k % 2), size, size * 0.5)
            )
        canvas.light(canvas.soft(mask, 0.018), mix(palette.light, (1.0, 1.0, 1.0), 0.5), 0.5)


def seabed(canvas: Canvas, palette: Palette) -> None:
    """Corals and beams of light from above."""
    for n in range(6):
        x = -0.1 + 0.24 * n
        beam = canvas.polygon([(x, -0.02), (x + 0.05, -0.02), (x + 0.26, 1), (x + 0.02, 1)])
        canvas.light(canvas.soft(beam, 0.02) * np.clip(1 - canvas.y * 1.1, 0, 1), palette.light, 0.28)
    for n in range(9):
        x = (n + 0.3) / 9
        tone = (rgb("f0705c"), rgb("f2a65e"), rgb("d65a94"), rgb("6fd3bd"))[n % 4]
        for k in range(4):
            bend = 0.03 * float(canvas.random.normal())
            canvas.paint(
                canvas.line([(x, 1.02), (x + bend, 0.9), (x + bend * 2 + 0.03 * (k - 1.5), 0.8 + 0.02 * k)], 0.02),
                mix(tone, palette.top, 0.25),
            )
    for _ in range(9):
        x, y = float(canvas.random.random()), 0.15 + 0.5 * float(canvas.random.random())
        fish = canvas.curve([(x, y), (x + 0.02, y - 0.009), (x + 0.045, y), (x + 0.02, y + 0.009)])
        canvas.light(fish, (0.9, 1.0, 1.0), 0.6)
