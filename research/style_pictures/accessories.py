"""Accessories of the head beside hats: glasses, flowers, pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, mix, rgb
from research.style_pictures.palette import has
from research.style_pictures.person import fill

if TYPE_CHECKING:
    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette
    from research.style_pictures.person import Person


def antlers(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """Slender antlers."""
    w, h = p.wide, p.high
    for side in (-1, 1):
        stem = [
            (p.x + side * 0.45 * w, p.y - h),
            (p.x + side * 0.8 * w, p.y - 1.6 * h),
            (p.x + side * 1.5 * w, p.y - 2.05 * h),
        ]
        for line in (
            stem,
            [stem[1], (p.x + side * 0.45 * w, p.y - 2.0 * h)],
            [(p.x + side * 1.1 * w, p.y - 1.8 * h), (p.x + side * 1.05 * w, p.y - 2.3 * h)],
        ):
            canvas.paint(canvas.line(line, 0.014), rgb("d9bd92"))


def round_ears(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A headband with two round ears."""
    for side in (-1, 1):
        fill(
            canvas,
            canvas.ellipse(p.x + side * 0.85 * p.wide, p.y - 1.25 * p.high, 0.45 * p.wide, 0.36 * p.high),
            rgb("2a2530"),
            p,
        )
    canvas.paint(canvas.ellipse(p.x, p.y - 1.15 * p.high, 0.26 * p.wide, 0.13 * p.high), rgb("e0395a"))


def flower(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """One flower in the hair."""
    x, y = p.x - p.side * 0.92 * p.wide, p.y - 0.62 * p.high
    tone = rgb("f7f1e6") if has(text, "jasmine") else rgb("d8304a") if has(text, "carnation") else palette.accent
    for k in range(6):
        out = np.pi * k / 3
        petal = canvas.ellipse(x + 0.024 * float(np.cos(out)), y + 0.024 * float(np.sin(out)), 0.02, 0.02)
        canvas.paint(petal, lighter(tone, 0.15 * (k % 2)))
    canvas.paint(canvas.ellipse(x, y, 0.014, 0.014), rgb("f2c14e"))


def comb(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A hairpin with a stone."""
    w, h = p.wide, p.high
    start, end = (p.x - 0.75 * w, p.y - 1.35 * h), (p.x + 0.75 * w, p.y - 1.02 * h)
    tone = rgb("58b08c") if has(text, "jade") else rgb("e2b93f")
    canvas.paint(canvas.line([start, end], 0.011), tone)
    canvas.paint(canvas.ellipse(*start, 0.022, 0.022), lighter(tone, 0.25))


def dark_glasses(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """Sunglasses."""
    for side in (-1, 1):
        lens = canvas.ellipse(p.x + side * 0.45 * p.wide, p.y + 0.02 * p.high, 0.36 * p.wide, 0.2 * p.high)
        canvas.paint(lens, (0.08, 0.08, 0.1))
        canvas.light(lens * canvas.falloff(p.x + side * 0.35 * p.wide, p.y - 0.1 * p.high, 0.03), palette.light, 0.6)
    canvas.paint(canvas.line([(p.x - p.wide, p.y), (p.x + p.wide, p.y)], 0.009), (0.08, 0.08, 0.1))


def round_glasses(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """Round glasses."""
    for side in (-1, 1):
        x, y = p.x + side * 0.43 * p.wide, p.y + 0.02 * p.high
        ring = canvas.ellipse(x, y, 0.33 * p.wide, 0.33 * p.wide) - canvas.ellipse(x, y, 0.27 * p.wide, 0.27 * p.wide)
        canvas.paint(np.clip(ring, 0, 1), (0.12, 0.1, 0.1))
    canvas.paint(canvas.line([(p.x - 0.12 * p.wide, p.y), (p.x + 0.12 * p.wide, p.y)], 0.007), (0.12, 0.1, 0.1))


def goggles(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """Goggles pushed up on the brow."""
    w, h = p.wide, p.high
    frame = rgb("b98f3e") if has(text, "brass") else rgb("3b4148")
    canvas.paint(canvas.box(p.x - 1.08 * w, p.y - 0.66 * h, p.x + 1.08 * w, p.y - 0.54 * h), lighter(frame, -0.5))
    for side in (-1, 1):
        canvas.paint(canvas.ellipse(p.x + side * 0.42 * w, p.y - 0.6 * h, 0.38 * w, 0.25 * h), frame)
        canvas.paint(
            canvas.ellipse(p.x + side * 0.42 * w, p.y - 0.6 * h, 0.28 * w, 0.18 * h),
            mix(palette.accent, palette.dark, 0.4),
        )
        canvas.light(canvas.falloff(p.x + side * 0.42 * w - 0.01, p.y - 0.65 * h, 0.014), palette.light, 0.8)


def visor(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A band of light on the brow."""
    band = canvas.box(p.x - 1.02 * p.wide, p.y - 0.58 * p.high, p.x + 1.02 * p.wide, p.y - 0.4 * p.high)
    canvas.light(canvas.soft(band, 0.02), palette.light, 0.8)
    canvas.paint(band, lighter(palette.light, 0.4))


def headset(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A small microphone before the mouth."""
    side = p.side
    line = [
        (p.x + side * 0.98 * p.wide, p.y + 0.05 * p.high),
        (p.x + side * 0.85 * p.wide, p.y + 0.5 * p.high),
        (p.x + side * 0.45 * p.wide, p.y + 0.66 * p.high),
    ]
    canvas.paint(canvas.line(line, 0.009), (0.07, 0.07, 0.09))
    canvas.paint(canvas.ellipse(*line[-1], 0.014, 0.011), (0.07, 0.07, 0.09))
