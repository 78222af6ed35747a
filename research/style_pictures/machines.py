"""Motifs of machines and space ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import lighter, mix, rgb, vector

if TYPE_CHECKING:
    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette


def gears(canvas: Canvas, palette: Palette) -> None:
    """Cog wheels."""
    for n, (x, y, size) in enumerate(
        (
            (0.12, 0.22, 0.17),
            (0.34, 0.08, 0.1),
            (0.88, 0.3, 0.19),
            (0.72, 0.08, 0.11),
            (0.06, 0.62, 0.13),
            (0.95, 0.7, 0.12),
        )
    ):
        tone = mix((rgb("b98f3e"), rgb("8a5a34"), rgb("6f7680"))[n % 3], palette.dark, 0.3)
        teeth = 10 + 2 * n
        outline = []
        for k in range(teeth * 4):
            angle = 2 * np.pi * k / (teeth * 4)
            reach = size * (1.0 if k % 4 < 2 else 0.84)
            outline.append((x + reach * float(np.cos(angle)), y + reach * float(np.sin(angle))))
        wheel = np.clip(canvas.polygon(outline) - canvas.ellipse(x, y, size * 0.3, size * 0.3), 0, 1)
        canvas.shade(wheel, lighter(tone, 0.22), lighter(tone, -0.3), (y - size, y + size))
        canvas.darken(
            np.clip(
                canvas.ellipse(x, y, size * 0.66, size * 0.66) - canvas.ellipse(x, y, size * 0.6, size * 0.6), 0, 1
            ),
            0.4,
        )


def circuits(canvas: Canvas, palette: Palette) -> None:
    """Lines of light with right angles."""
    for n in range(24):
        x, y = float(canvas.random.random()), float(canvas.random.random())
        line = [(x, y)]
        for k in range(4):
            step = 0.05 + 0.11 * float(canvas.random.random())
            sign = 1 if canvas.random.random() < 0.5 else -1
            x, y = (x + sign * step, y) if (k + n) % 2 else (x, y + sign * step)
            line.append((x, y))
        tone = mix(palette.light, palette.accent, (n % 3) / 3)
        trace = canvas.line(line, 0.004)
        canvas.light(canvas.soft(trace, 0.012), tone, 0.5)
        canvas.light(trace, tone, 0.6)
        canvas.light(canvas.ellipse(x, y, 0.01, 0.01), tone, 0.9)


def consoles(canvas: Canvas, palette: Palette) -> None:
    """A wide window with stars, and panels of lamps below it."""
    frame = mix(palette.dark, rgb("2b3a4a"), 0.5)
    pane = canvas.curve([(0.06, 0.1), (0.94, 0.1), (1.02, 0.5), (0.5, 0.58), (-0.02, 0.5)])
    canvas.rgb = canvas.rgb * pane[..., None] + vector(frame) * (1 - pane[..., None])
    for n in range(40):
        x, y = float(canvas.random.random()), 0.66 + 0.32 * float(canvas.random.random())
        canvas.light(
            canvas.box(x, y, x + 0.022, y + 0.01),
            (rgb("6fe0ff"), rgb("ffb35c"), rgb("7dffb0"), palette.accent)[n % 4],
            0.8,
        )


def porthole(canvas: Canvas, palette: Palette) -> None:
    """A round window with rivets, bright water behind it."""
    x = 0.5
    canvas.paint(np.ones_like(canvas.x), mix(palette.dark, rgb("33454a"), 0.6))
    canvas.paint(canvas.ellipse(x, 0.4, 0.45, 0.45), lighter(mix(palette.dark, rgb("6a7f84"), 0.7), 0.1))
    pane = canvas.ellipse(x, 0.4, 0.38, 0.38)
    canvas.shade(pane, lighter(palette.bottom, 0.2), palette.top, (0.02, 0.78))
    for n in range(16):
        angle = 2 * np.pi * n / 16
        canvas.paint(
            canvas.ellipse(x + 0.415 * float(np.cos(angle)), 0.4 + 0.415 * float(np.sin(angle)), 0.013, 0.013),
            rgb("b9c6c8"),
        )


def panels(canvas: Canvas, palette: Palette) -> None:
    """A clean corridor that narrows, with strips of light."""
    for n in range(6):
        half = 0.7 - 0.095 * n
        tone = mix(palette.top, palette.bottom, n / 5)
        canvas.paint(canvas.box(0.5 - half, 0.42 - half, 0.5 + half, 0.42 + half), lighter(tone, 0.04 * n))
        frame = np.clip(
            canvas.box(0.5 - half, 0.42 - half, 0.5 + half, 0.42 + half)
            - canvas.box(0.5 - half + 0.01, 0.42 - half + 0.01, 0.5 + half - 0.01, 0.42 + half - 0.01),
            0,
            1,
        )
        canvas.light(canvas.soft(frame, 0.008), palette.light, 0.55)
