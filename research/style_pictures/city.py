"""Motifs of towns and of the sky above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb

if TYPE_CHECKING:
    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette


def skyline(canvas: Canvas, palette: Palette) -> None:
    """Towers in two rows with lit windows."""
    lit = mix(palette.light, rgb("ffd27a"), 0.5)
    for n, (low, tall) in enumerate(((0.3, 0.2), (0.46, 0.22))):
        tone = mix(palette.bottom, palette.dark, 0.4 + 0.45 * n)
        x = -0.02
        while x < 1:
            wide = 0.06 + 0.07 * float(canvas.random.random())
            top = low + tall * float(canvas.random.random())
            canvas.shade(canvas.box(x, top, x + wide, 1), tone, mix(tone, palette.bottom, 0.3), (top, 1))
            _windows(canvas, (x, top, x + wide), lit, 0.5 if n else 0.25)
            x += wide + 0.004


def _windows(canvas: Canvas, box: tuple[float, float, float], color: Color, strength: float) -> None:
    left, top, right = box
    mask = np.zeros_like(canvas.x)
    for y in np.arange(top + 0.02, 0.95, 0.032):
        for x in np.arange(left + 0.012, right - 0.016, 0.022):
            if canvas.random.random() < 0.34:
                mask = np.maximum(mask, canvas.box(float(x), float(y), float(x) + 0.01, float(y) + 0.016))
    canvas.light(mask, color, strength)


def facades(canvas: Canvas, palette: Palette) -> None:
    """A street between tall houses."""
    for side in (-1, 1):
        edge = 0.5 + side * 0.17
        out = 0.5 + side * 0.62
        tone = mix(palette.dark, palette.bottom, 0.3 if side < 0 else 0.45)
        canvas.shade(canvas.polygon([(edge, 0.28), (out, -0.1), (out, 1.05), (edge, 0.72)]), tone, lighter(tone, -0.25))
        for n in range(4):
            for k in range(5):
                part = (n + 0.3) / 4
                x = edge + (out - edge) * part
                grow = 0.35 + 0.75 * part
                y = 0.5 + (0.05 + 0.095 * k - 0.27) * grow * 2
                pane = canvas.box(x - 0.018 * grow, y - 0.03 * grow, x + 0.018 * grow, y + 0.03 * grow)
                if canvas.random.random() < 0.5:
                    canvas.light(pane, palette.light, 0.35)
                else:
                    canvas.darken(pane, 0.3)
    canvas.shade(
        canvas.polygon([(0.33, 0.72), (0.67, 0.72), (1.15, 1.05), (-0.15, 1.05)]), palette.far, palette.dark, (0.7, 1)
    )


def neon(canvas: Canvas, palette: Palette) -> None:
    """Tubes of neon on dark walls, and their glow."""
    facades(canvas, palette)
    canvas.darken(np.ones_like(canvas.x), 0.35)
    for n in range(7):
        side = -1 if n % 2 else 1
        x, y = 0.5 + side * (0.27 + 0.19 * float(canvas.random.random())), 0.08 + 0.1 * n
        tone = (rgb("ff3fa4"), rgb("29e0ff"), rgb("ffb52e"), rgb("8f5bff"), rgb("46ff9a"))[n % 5]
        wide, high = (0.03, 0.07) if n % 3 else (0.07, 0.025)
        frame = np.clip(
            canvas.box(x - wide, y - high, x + wide, y + high)
            - canvas.box(x - wide + 0.012, y - high + 0.012, x + wide - 0.012, y + high - 0.012),
            0,
            1,
        )
        canvas.light(canvas.soft(frame, 0.035), tone, 1.0)
        canvas.light(frame, lighter(tone, 0.45), 1.0)


def old_town(canvas: Canvas, palette: Palette) -> None:
    """Gabled roofs, a tower, and lit windows."""
    tone = mix(palette.dark, palette.bottom, 0.3)
    for n in range(7):
        x, top = n / 6.5 - 0.06, 0.5 + 0.07 * float(canvas.random.random())
        house = canvas.polygon([(x, 1), (x, top), (x + 0.08, top - 0.1), (x + 0.16, top), (x + 0.16, 1)])
        canvas.shade(house, lighter(tone, 0.08 * (n % 3)), lighter(tone, -0.2), (0.4, 1))
        for k in range(4):
            if canvas.random.random() < 0.6:
                wx, wy = x + 0.03 + 0.06 * (k % 2), top + 0.04 + 0.09 * (k // 2)
                canvas.light(canvas.box(wx, wy, wx + 0.03, wy + 0.045), rgb("ffce7a"), 0.75)
    canvas.shade(
        canvas.polygon([(0.78, 1), (0.78, 0.38), (0.83, 0.18), (0.88, 0.38), (0.88, 1)]),
        lighter(tone, 0.1),
        lighter(tone, -0.25),
        (0.2, 1),
    )


def castle(canvas: Canvas, palette: Palette) -> None:
    """Towers with pointed roofs and flags."""
    wall = mix(palette.bottom, (1.0, 1.0, 1.0), 0.35)
    for x, top, wide in ((0.1, 0.36, 0.055), (0.24, 0.46, 0.045), (0.76, 0.44, 0.045), (0.9, 0.3, 0.06)):
        canvas.shade(canvas.box(x - wide, top, x + wide, 1), wall, lighter(wall, -0.25), (top, 1))
        canvas.paint(
            canvas.polygon([(x - wide * 1.25, top), (x, top - 0.2), (x + wide * 1.25, top)]),
            mix(palette.accent, palette.cloth, 0.5),
        )
        canvas.paint(canvas.polygon([(x, top - 0.25), (x + 0.06, top - 0.23), (x, top - 0.21)]), rgb("f2c14e"))
        canvas.darken(canvas.ellipse(x, top + 0.09, wide * 0.28, 0.03), 0.45)


def temple(canvas: Canvas, palette: Palette) -> None:
    """Curved roofs one above the other."""
    tone = mix(palette.dark, rgb("8c2f22"), 0.35)
    for side in (-1, 1):
        for n, (top, wide) in enumerate(((0.28, 0.13), (0.42, 0.19), (0.57, 0.25))):
            x = 0.5 + side * 0.36
            roof = canvas.curve(
                [
                    (x - wide, top + 0.05),
                    (x - wide * 0.45, top),
                    (x, top - 0.05),
                    (x + wide * 0.45, top),
                    (x + wide, top + 0.05),
                    (x, top + 0.045),
                ]
            )
            canvas.paint(canvas.box(x - wide * 0.6, top + 0.03, x + wide * 0.6, top + 0.16), lighter(tone, 0.16))
            canvas.paint(roof, lighter(tone, -0.3 + 0.06 * n))
            canvas.light(canvas.box(x - wide * 0.4, top + 0.06, x + wide * 0.4, top + 0.12), palette.light, 0.22)


def gate(canvas: Canvas, palette: Palette) -> None:
    """The red gate of a shrine."""
    red = mix(rgb("d2402c"), palette.bottom, 0.12)
    for x in (0.14, 0.86):
        canvas.shade(canvas.box(x - 0.032, 0.2, x + 0.032, 1), lighter(red, 0.1), lighter(red, -0.35))
    canvas.paint(
        canvas.curve([(-0.06, 0.12), (0.5, 0.16), (1.06, 0.12), (1.06, 0.2), (0.5, 0.225), (-0.06, 0.2)]),
        lighter(red, -0.15),
    )
    canvas.paint(canvas.box(0.0, 0.285, 1.0, 0.33), red)


def village(canvas: Canvas, palette: Palette) -> None:
    """A church among small houses."""
    for x, top, wide in ((0.08, 0.62, 0.08), (0.24, 0.65, 0.06), (0.78, 0.63, 0.07), (0.93, 0.6, 0.08)):
        canvas.paint(canvas.box(x - wide, top, x + wide, 0.86), mix(palette.bottom, (1.0, 0.98, 0.94), 0.6))
        canvas.paint(canvas.polygon([(x - wide * 1.2, top), (x, top - 0.1), (x + wide * 1.2, top)]), rgb("8a4a35"))
    canvas.paint(canvas.box(0.835, 0.4, 0.885, 0.8), (0.95, 0.92, 0.86))
    canvas.paint(canvas.polygon([(0.825, 0.41), (0.86, 0.24), (0.895, 0.41)]), rgb("5a4a48"))


def ship(canvas: Canvas, palette: Palette) -> None:
    """Masts and rigging."""
    tone = mix(palette.dark, rgb("4a3020"), 0.4)
    for x, top in ((0.15, 0.08), (0.86, 0.16)):
        canvas.paint(canvas.box(x - 0.012, top, x + 0.012, 1), tone)
        for n in range(3):
            y = top + 0.1 + 0.17 * n
            canvas.paint(canvas.box(x - 0.13 + 0.02 * n, y, x + 0.13 - 0.02 * n, y + 0.012), tone)
            sail = canvas.curve(
                [(x - 0.12, y + 0.015), (x + 0.12, y + 0.015), (x + 0.1, y + 0.14), (x, y + 0.12), (x - 0.1, y + 0.14)]
            )
            canvas.paint(sail, mix(palette.bottom, palette.light, 0.5), 0.8)
        for end in (-0.3, 0.3):
            canvas.paint(canvas.line([(x, top + 0.02), (x + end, 0.9)], 0.004), tone)
    canvas.paint(canvas.box(0, 0.84, 1, 0.865), lighter(tone, 0.15))


def stadium(canvas: Canvas, palette: Palette) -> None:
    """Floodlights above a lawn."""
    canvas.shade(
        canvas.box(0, 0.3, 1, 0.62),
        mix(palette.dark, palette.bottom, 0.2),
        mix(palette.dark, palette.bottom, 0.5),
        (0.3, 0.6),
    )
    for n in range(5):
        canvas.darken(canvas.box(0, 0.34 + 0.05 * n, 1, 0.345 + 0.05 * n), 0.35)
    canvas.shade(canvas.box(0, 0.6, 1, 1), rgb("4f9c4a"), rgb("235c2e"), (0.6, 1))
    for n in range(0, 10, 2):
        canvas.light(
            canvas.polygon(
                [(n / 10, 0.6), ((n + 1) / 10, 0.6), ((n + 1) / 10 * 1.8 - 0.4, 1), (n / 10 * 1.8 - 0.4, 1)]
            ),
            (1.0, 1.0, 1.0),
            0.09,
        )
    for x in (0.14, 0.86):
        for k in range(6):
            canvas.light(canvas.falloff(x + 0.032 * (k % 3 - 1), 0.12 + 0.04 * (k // 3), 0.02), (1.0, 1.0, 1.0), 1.0)
        canvas.light(canvas.falloff(x, 0.14, 0.22), palette.light, 0.5)


def aircraft(canvas: Canvas, palette: Palette) -> None:
    """The tail and wing of an airliner."""
    white = mix(palette.bottom, (1.0, 1.0, 1.0), 0.7)
    body = canvas.curve([(-0.1, 0.55), (0.5, 0.48), (0.95, 0.52), (1.06, 0.6), (0.9, 0.68), (-0.1, 0.72)])
    canvas.shade(body, white, lighter(white, -0.3), (0.48, 0.72))
    canvas.paint(canvas.polygon([(0.02, 0.54), (-0.05, 0.22), (0.06, 0.22), (0.2, 0.53)]), palette.accent)
    for n in range(14):
        canvas.darken(canvas.ellipse(0.06 + n * 0.06, 0.575, 0.012, 0.016), 0.6)
    canvas.paint(canvas.box(0, 0.8, 1, 1), mix(palette.dark, palette.bottom, 0.45))


def lights_passing(canvas: Canvas, palette: Palette) -> None:
    """Streaks of lamps that pass by."""
    for n in range(26):
        y = float(canvas.random.random())
        left = float(canvas.random.random()) * 0.8 - 0.2
        tone = (rgb("ffb45c"), rgb("ff5a4a"), rgb("7fd0ff"), palette.light)[n % 4]
        streak = canvas.box(
            left, y, left + 0.3 + 0.4 * float(canvas.random.random()), y + 0.006 + 0.01 * float(canvas.random.random())
        )
        canvas.light(canvas.soft(streak, 0.006), tone, 0.6)


def flags(canvas: Canvas, palette: Palette) -> None:
    """Strings of small flags."""
    tones = (rgb("2f62b5"), rgb("f4f1e8"), rgb("d23a34"), rgb("3f9a54"), rgb("f2c136"))
    for n, (start, end, sag) in enumerate(((0.1, 0.3, 0.1), (0.34, 0.08, 0.12))):
        line = [(x, start + (end - start) * x + sag * 4 * x * (1 - x)) for x in np.linspace(-0.05, 1.05, 16).tolist()]
        canvas.paint(canvas.line(line, 0.004), palette.dark)
        for k, (x, y) in enumerate(line[:-1]):
            canvas.paint(
                canvas.polygon([(x, y), (x + 0.055, y + 0.004), (x + 0.05, y + 0.085), (x + 0.004, y + 0.08)]),
                tones[(k + n) % 5],
                0.92,
            )


def balloons(canvas: Canvas, palette: Palette) -> None:
    """Balloons with their strings."""
    tones = (rgb("e9556a"), rgb("f2c14e"), rgb("5ab0e0"), rgb("8f6fd0"), rgb("6cc08a"), palette.accent)
    for n, (x, y) in enumerate(((0.1, 0.2), (0.22, 0.34), (0.06, 0.46), (0.84, 0.16), (0.94, 0.32), (0.8, 0.44))):
        canvas.paint(canvas.line([(x, y + 0.08), (x + 0.02, y + 0.3)], 0.003), palette.light, 0.7)
        canvas.shade(
            canvas.ellipse(x, y, 0.07, 0.085), lighter(tones[n], 0.2), lighter(tones[n], -0.2), (y - 0.08, y + 0.08)
        )
        canvas.light(canvas.soft(canvas.ellipse(x - 0.025, y - 0.035, 0.015, 0.022), 0.006), (1.0, 1.0, 1.0), 0.7)


def kite(canvas: Canvas, palette: Palette) -> None:
    """A kite high up."""
    x, y = (0.2, 0.2) if canvas.random.random() < 0.5 else (0.8, 0.18)
    tones = (palette.accent, lighter(palette.accent, 0.35), rgb("e9556a"), rgb("f2c14e"))
    corners = [(x, y - 0.13), (x + 0.09, y), (x, y + 0.13), (x - 0.09, y)]
    for n in range(4):
        canvas.paint(canvas.polygon([(x, y), corners[n], corners[(n + 1) % 4]]), tones[n])
    canvas.paint(canvas.line([(x, y + 0.13), (x + 0.03, y + 0.28), (x - 0.02, y + 0.42)], 0.006), rgb("e9556a"))


def planet(canvas: Canvas, palette: Palette) -> None:
    """A large planet, half in shadow, with a thin ring of air."""
    x, y, size = (0.2, 0.24, 0.2) if canvas.random.random() < 0.5 else (0.82, 0.22, 0.22)
    ball = canvas.ellipse(x, y, size, size)
    tone = mix(palette.accent, palette.light, 0.35)
    canvas.light(canvas.soft(canvas.ellipse(x, y, size * 1.04, size * 1.04), 0.02), tone, 0.45)
    canvas.shade(ball, lighter(tone, 0.2), lighter(tone, -0.55), (y - size, y + size))
    for n in range(5):
        canvas.darken(
            canvas.soft(canvas.box(0, y - size + 0.08 * n, 1, y - size + 0.08 * n + 0.025), 0.006) * ball, 0.16
        )
    canvas.darken(canvas.soft(canvas.ellipse(x + size * 0.55, y + size * 0.45, size, size), 0.05) * ball, 0.6)


def columns(canvas: Canvas, palette: Palette) -> None:
    """Columns that carry arches, bright behind."""
    stone = mix(palette.bottom, rgb("d9c4a0"), 0.4)
    for x in (0.02, 0.24, 0.76, 0.98):
        canvas.shade(canvas.box(x - 0.045, 0.2, x + 0.045, 1), lighter(stone, 0.05), lighter(stone, -0.35))
        canvas.darken(canvas.soft(canvas.box(x + 0.012, 0.2, x + 0.045, 1), 0.01), 0.25)
        canvas.paint(canvas.box(x - 0.06, 0.17, x + 0.06, 0.215), lighter(stone, 0.15))
    top = canvas.box(0, 0, 1, 0.18)
    for x, wide in ((0.13, 0.07), (0.5, 0.22), (0.87, 0.07)):
        top *= 1 - np.maximum(canvas.ellipse(x, 0.18, wide, 0.16 if wide > 0.1 else 0.11), 0)
    canvas.paint(top, lighter(stone, -0.25))
