"""Headwear around the whole head: fur, hoods, the helmet of a space suit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.style_pictures.canvas import Color, lighter, rgb
from research.style_pictures.person import fill

if TYPE_CHECKING:
    from research.style_pictures.canvas import Canvas
    from research.style_pictures.palette import Palette
    from research.style_pictures.person import Person


def fur(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A hood or a hat with a rim of fur around the face."""
    w, h = p.wide, p.high
    tone = rgb("e6d8c2") if palette.bright else rgb("b7a085")
    outer = canvas.curve(
        [
            (p.x, p.y - 1.45 * h),
            (p.x + 1.3 * w, p.y - 0.95 * h),
            (p.x + 1.55 * w, p.y + 0.2 * h),
            (p.x + 1.1 * w, p.y + 1.1 * h),
            (p.x - 1.1 * w, p.y + 1.1 * h),
            (p.x - 1.55 * w, p.y + 0.2 * h),
            (p.x - 1.3 * w, p.y - 0.95 * h),
        ]
    )
    inner = canvas.ellipse(p.x, p.y + 0.05 * h, 0.9 * w, 0.94 * h)
    ring = np.clip(outer - inner, 0, 1)
    ragged = np.clip(canvas.soft(ring, 0.012) + (canvas.noise(0.02) - 0.5) * 0.5, 0, 1)
    fill(canvas, np.clip((ragged - 0.35) * 4, 0, 1).astype(np.float32), tone, p)


def hood(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """A hood of cloth."""
    w, h = p.wide, p.high
    outer = canvas.curve(
        [
            (p.x, p.y - 1.42 * h),
            (p.x + 1.25 * w, p.y - 0.85 * h),
            (p.x + 1.42 * w, p.y + 0.35 * h),
            (p.x + 1.7 * w, p.shoulders + 0.03),
            (p.x - 1.7 * w, p.shoulders + 0.03),
            (p.x - 1.42 * w, p.y + 0.35 * h),
            (p.x - 1.25 * w, p.y - 0.85 * h),
        ]
    )
    inner = canvas.ellipse(p.x, p.y + 0.08 * h, 0.92 * w, 0.98 * h)
    fill(canvas, np.clip(outer - inner, 0, 1), palette.cloth, p)
    canvas.darken(inner * (1 - canvas.soft(canvas.ellipse(p.x, p.y + 0.2 * h, 0.7 * w, 0.75 * h), 0.02)), 0.5)


def helmet(canvas: Canvas, text: str, palette: Palette, p: Person, hair: Color) -> None:
    """The round glass of a space suit, and its collar."""
    w, h = p.wide, p.high
    ball = canvas.ellipse(p.x, p.y, 1.85 * w, 1.5 * h)
    ring = np.clip(ball - canvas.ellipse(p.x, p.y, 1.72 * w, 1.4 * h), 0, 1)
    canvas.light(ball, palette.light, 0.07)
    canvas.paint(ring, lighter(palette.cloth, 0.65))
    shine = canvas.ellipse(p.x + p.side * 0.95 * w, p.y - 0.65 * h, 0.34 * w, 0.62 * h, 32 * p.side)
    canvas.light(canvas.soft(shine, 0.012), (1.0, 1.0, 1.0), 0.35)
    fill(canvas, canvas.ellipse(p.x, p.shoulders + 0.02, 1.75 * w, 0.22 * h), lighter(palette.cloth, 0.5), p)
    canvas.darken(canvas.ellipse(p.x, p.shoulders - 0.003, 1.4 * w, 0.13 * h), 0.35)
