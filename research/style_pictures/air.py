"""Layers in the air: sun and moon, stars, snow, petals, sparks, rain, round lights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import lighter, mix, rgb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from research.style_pictures.canvas import Canvas, Color
    from research.style_pictures.palette import Palette


def sun(canvas: Canvas, palette: Palette) -> None:
    """A low sun."""
    x = 0.2 if canvas.random.random() < 0.5 else 0.8
    canvas.light(canvas.falloff(x, 0.38, 0.3), palette.light, 0.6)
    canvas.light(canvas.falloff(x, 0.38, 0.1), palette.light, 0.8)
    canvas.paint(canvas.ellipse(x, 0.38, 0.062, 0.062), lighter(palette.light, 0.4))


def moon(canvas: Canvas, palette: Palette) -> None:
    """The full moon."""
    x = 0.22 if canvas.random.random() < 0.5 else 0.79
    canvas.light(canvas.falloff(x, 0.2, 0.2), palette.light, 0.5)
    disc = canvas.ellipse(x, 0.2, 0.105, 0.105)
    canvas.paint(disc, lighter(palette.light, 0.3))
    canvas.darken(disc * np.clip(canvas.noise(0.06) - 0.45, 0, 1), 0.35)


def stars(canvas: Canvas, palette: Palette) -> None:
    """Stars."""
    for n in range(90):
        x, y = float(canvas.random.random()), float(canvas.random.random()) * 0.8
        size = 0.0016 + 0.003 * float(canvas.random.random()) ** 3
        canvas.light(canvas.ellipse(x, y, size, size), mix(palette.light, (1.0, 1.0, 1.0), 0.6), 0.9)
        if n % 15 == 0:
            canvas.light(canvas.falloff(x, y, 0.018), palette.light, 0.8)


def nebula(canvas: Canvas, palette: Palette) -> None:
    """Clouds of light among the stars."""
    cloud = np.clip(canvas.noise(0.25) * canvas.noise(0.1) * 2 - 0.35, 0, 1)
    canvas.light(canvas.soft(cloud, 0.02), palette.accent, 0.6)
    canvas.light(canvas.soft(np.clip(canvas.noise(0.16) - 0.55, 0, 1), 0.03), palette.light, 0.5)


def aurora(canvas: Canvas, palette: Palette) -> None:
    """Curtains of green and violet light."""
    for n in range(3):
        base = 0.34 + 0.09 * n + 0.07 * np.sin(canvas.x * (5 + n) + 2.2 * n)
        above = base - canvas.y
        veil = np.where(above > 0, np.exp(-above * 6), np.exp(above * 40)) * (
            0.55 + 0.45 * np.sin(canvas.x * (40 + 9 * n))
        )
        canvas.light(np.clip(veil, 0, 1).astype(np.float32), mix(rgb("5cffa8"), rgb("9a7bff"), n / 3), 0.65)


def beams(canvas: Canvas, palette: Palette) -> None:
    """Shafts of sun that come down aslant."""
    left = canvas.random.random() < 0.5
    for n in range(5):
        x = (0.0 if left else 1.0) + (0.16 if left else -0.16) * n
        lean = 0.42 if left else -0.42
        shaft = canvas.polygon([(x, -0.05), (x + 0.06, -0.05), (x + lean + 0.17, 1), (x + lean, 1)])
        canvas.light(canvas.soft(shaft, 0.016) * np.clip(1.2 - canvas.y, 0, 1), palette.light, 0.27)


def bokeh(canvas: Canvas, palette: Palette) -> None:
    """Round lights out of focus."""
    for n in range(30):
        x, y = float(canvas.random.random()), 0.7 * float(canvas.random.random())
        size = 0.018 + 0.035 * float(canvas.random.random())
        tone = (palette.light, palette.accent, rgb("ffcf87"))[n % 3]
        disc = canvas.ellipse(x, y, size, size)
        canvas.light(disc, tone, 0.3)
        canvas.light(np.clip(disc - canvas.ellipse(x, y, size * 0.86, size * 0.86), 0, 1), tone, 0.3)


def string_lights(canvas: Canvas, palette: Palette) -> None:
    """Chains of small warm lamps."""
    for high, sag in ((0.04, 0.14), (0.16, 0.12), (0.3, 0.08)):
        for x in np.linspace(0.02, 0.98, 13).tolist():
            y = high + sag * 4 * x * (1 - x) * 0.9
            canvas.light(canvas.falloff(x, y, 0.03), rgb("ffc96b"), 0.6)
            canvas.light(canvas.ellipse(x, y, 0.009, 0.009), rgb("fff3d0"), 1.0)


def mirror_specks(canvas: Canvas, palette: Palette) -> None:
    """A mirror ball and the specks that it throws."""
    canvas.shade(canvas.ellipse(0.2, 0.15, 0.11, 0.11), (0.95, 0.95, 1.0), rgb("6a5f9c"), (0.04, 0.26))
    for n in range(8):
        canvas.darken(
            canvas.line([(0.09, 0.05 + 0.03 * n), (0.31, 0.05 + 0.03 * n)], 0.003)
            * canvas.ellipse(0.2, 0.15, 0.11, 0.11),
            0.4,
        )
    for n in range(60):
        x, y = float(canvas.random.random()), float(canvas.random.random())
        canvas.light(canvas.ellipse(x, y, 0.014, 0.01, 20), (palette.light, rgb("7fd8ff"), rgb("ff9ad5"))[n % 3], 0.55)


def snow(canvas: Canvas, palette: Palette) -> None:
    """Falling snow."""
    for _ in range(110):
        size = 0.003 + 0.011 * float(canvas.random.random()) ** 3
        flake = canvas.ellipse(float(canvas.random.random()), float(canvas.random.random()), size, size)
        canvas.light(canvas.soft(flake, size * 0.35), (1.0, 1.0, 1.0), 0.85)


def rain(canvas: Canvas, palette: Palette) -> None:
    """Fine rain, aslant."""
    mask = np.zeros_like(canvas.x)
    for _ in range(120):
        x, y = float(canvas.random.random()) * 1.1, float(canvas.random.random())
        long = 0.03 + 0.05 * float(canvas.random.random())
        mask = np.maximum(mask, canvas.line([(x, y), (x - long * 0.22, y + long)], 0.003))
    canvas.light(mask, mix(palette.light, (1.0, 1.0, 1.0), 0.5), 0.42)


def _pieces(canvas: Canvas, tones: Sequence[Color], count: int, long: float, thin: float) -> None:
    for n in range(count):
        x, y = float(canvas.random.random()), float(canvas.random.random())
        near = 0.55 + 0.9 * float(canvas.random.random()) ** 2
        piece = canvas.ellipse(x, y, long * near, thin * near, float(canvas.random.integers(180)))
        canvas.paint(canvas.soft(piece, 0.004 * max(near - 0.9, 0.05)), tones[n % len(tones)], 0.92)


def petals(canvas: Canvas, palette: Palette) -> None:
    """Petals on the wind."""
    _pieces(canvas, (rgb("f7bcd0"), rgb("fbdbe6"), rgb("f39ab8")), 26, 0.016, 0.009)


def leaves(canvas: Canvas, palette: Palette) -> None:
    """Falling leaves."""
    _pieces(canvas, (rgb("d9482b"), rgb("f08a2c"), rgb("e8b53a")), 20, 0.02, 0.009)


def green_leaves(canvas: Canvas, palette: Palette) -> None:
    """Green leaves on the wind."""
    _pieces(canvas, (rgb("8fc25a"), rgb("5f9c45"), mix(palette.light, rgb("b7d97a"), 0.7)), 16, 0.022, 0.006)


def feathers(canvas: Canvas, palette: Palette) -> None:
    """Feathers on the wind."""
    _pieces(canvas, ((1.0, 1.0, 1.0), lighter(palette.light, 0.4)), 14, 0.028, 0.006)


def confetti(canvas: Canvas, palette: Palette) -> None:
    """Confetti."""
    _pieces(canvas, (rgb("f2c14e"), rgb("e9556a"), rgb("5ab0e0"), palette.accent, (1.0, 1.0, 1.0)), 44, 0.01, 0.006)


def seeds(canvas: Canvas, palette: Palette) -> None:
    """Pollen and seeds that shine."""
    for n in range(40):
        x, y = float(canvas.random.random()), float(canvas.random.random())
        canvas.light(canvas.falloff(x, y, 0.009 + 0.008 * (n % 3)), mix(palette.light, rgb("fff3b0"), 0.5), 0.75)


def sparks(canvas: Canvas, palette: Palette) -> None:
    """Embers that rise."""
    canvas.light(canvas.falloff(0.5, 1.02, 0.42, 0.55), rgb("ff7a22"), 0.65)
    for _ in range(70):
        y = 1 - float(canvas.random.random()) ** 1.5
        x = 0.5 + 0.5 * float(canvas.random.normal()) * (1.15 - y * 0.5)
        size = 0.0025 + 0.005 * float(canvas.random.random())
        canvas.light(canvas.falloff(x, y, size * 2.4), rgb("ff8a2b"), 0.7)
        canvas.light(canvas.ellipse(x, y, size, size), rgb("ffe2a8"), 0.95)


def bubbles(canvas: Canvas, palette: Palette) -> None:
    """Bubbles."""
    for _ in range(22):
        x, y = float(canvas.random.random()), float(canvas.random.random())
        size = 0.006 + 0.02 * float(canvas.random.random()) ** 2
        canvas.light(
            np.clip(canvas.ellipse(x, y, size, size) - canvas.ellipse(x, y, size * 0.8, size * 0.8), 0, 1),
            palette.light,
            0.6,
        )
        canvas.light(canvas.ellipse(x - size * 0.35, y - size * 0.35, size * 0.2, size * 0.2), (1.0, 1.0, 1.0), 0.8)


def steam(canvas: Canvas, palette: Palette) -> None:
    """Steam or smoke that rises."""
    for x in (0.12, 0.2, 0.86):
        line = [(x + 0.035 * float(np.sin(y * 11 + x * 20)), y) for y in np.linspace(0.95, 0.15, 20).tolist()]
        fade = np.clip(canvas.y * 1.3, 0, 1).astype(np.float32)
        canvas.light(canvas.soft(canvas.line(line, 0.05), 0.022) * fade, lighter(palette.light, 0.3), 0.4)


def prisms(canvas: Canvas, palette: Palette) -> None:
    """Panes of coloured glass that overlap."""
    for n in range(15):
        x, y, angle = float(canvas.random.random()), float(canvas.random.random()), float(canvas.random.random()) * 6
        size = 0.12 + 0.16 * float(canvas.random.random())
        corners = [
            (x + size * float(np.cos(angle + 2.1 * k)), y + size * float(np.sin(angle + 2.1 * k))) for k in range(3)
        ]
        tone = (rgb("8fe3ff"), rgb("ffb0e0"), rgb("c9b0ff"), rgb("b5ffd9"), rgb("fff0a8"))[n % 5]
        canvas.paint(canvas.polygon(corners), tone, 0.34)
    canvas.light(canvas.falloff(0.5, 0.3, 0.3), palette.light, 0.3)


def rainbow(canvas: Canvas, palette: Palette) -> None:
    """A faint rainbow."""
    distance = np.hypot(canvas.x - 0.5, canvas.y - 0.85)
    for n, tone in enumerate(("e9556a", "f2a03a", "f2d94a", "5fbf6a", "4a9fe0", "8f6fd0")):
        canvas.light(np.exp2(-(((distance - 0.62 + 0.022 * n) / 0.012) ** 2)).astype(np.float32), rgb(tone), 0.4)


def mist(canvas: Canvas, palette: Palette) -> None:
    """Mist over the ground."""
    canvas.haze(0.5, 0.95, mix(palette.bottom, (1.0, 1.0, 1.0), 0.3), 0.62)


def glow(canvas: Canvas, palette: Palette) -> None:
    """An orb of light low before the person."""
    canvas.light(canvas.falloff(0.5, 0.9, 0.2), palette.light, 0.8)
    canvas.light(canvas.falloff(0.5, 0.9, 0.07), (1.0, 1.0, 1.0), 0.9)


def haloed(canvas: Canvas, palette: Palette) -> None:
    """A round halo behind the head, with rays of mosaic."""
    ring = canvas.ellipse(0.5, 0.4, 0.36, 0.36)
    canvas.paint(ring, mix(palette.accent, rgb("e2b93f"), 0.5), 0.8)
    for n in range(36):
        angle = 2 * np.pi * n / 36
        canvas.paint(
            canvas.line(
                [
                    (0.5 + 0.26 * float(np.cos(angle)), 0.4 + 0.26 * float(np.sin(angle))),
                    (0.5 + 0.35 * float(np.cos(angle)), 0.4 + 0.35 * float(np.sin(angle))),
                ],
                0.014,
            ),
            lighter(palette.cloth, 0.2 * (n % 3)),
            0.8,
        )
