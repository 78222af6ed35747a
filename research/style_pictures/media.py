"""How the picture is made: photograph, print, paint, glass. Each treatment changes the finished canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from research.style_pictures.canvas import lighter, mix, rgb, vector

if TYPE_CHECKING:
    from research.style_pictures.canvas import Array, Canvas
    from research.style_pictures.palette import Palette


def _gray(canvas: Canvas) -> Array:
    gray: Array = canvas.rgb @ vector([0.3, 0.59, 0.11])
    return gray


def black_and_white(canvas: Canvas, palette: Palette) -> None:
    """Silver tones."""
    gray = np.clip((_gray(canvas) - 0.5) * 1.2 + 0.48, 0, 1)
    canvas.rgb = np.repeat(gray[..., None], 3, 2).astype(np.float32)
    grain(canvas, palette)


def sepia(canvas: Canvas, palette: Palette) -> None:
    """The brown of an old plate, with dark, swirled edges."""
    gray = np.clip((_gray(canvas) - 0.5) * 1.25 + 0.47, 0, 1)[..., None]
    canvas.rgb = (vector(rgb("20140c")) * (1 - gray) + vector(rgb("f0e0c2")) * gray).astype(np.float32)
    edge = np.clip(np.hypot(canvas.x - 0.5, canvas.y - 0.5) * 2 - 0.75 + 0.3 * (canvas.noise(0.07) - 0.5), 0, 1)
    canvas.darken(edge.astype(np.float32), 0.9)
    grain(canvas, palette)


def grain(canvas: Canvas, palette: Palette) -> None:
    """The grain of film."""
    noise = canvas.random.normal(0, 0.022, canvas.x.shape)
    canvas.rgb = np.clip(canvas.rgb + noise[..., None], 0, 1).astype(np.float32)


def faded(canvas: Canvas, palette: Palette) -> None:
    """Lifted blacks and a warm leak of light at one edge."""
    canvas.rgb = canvas.rgb * 0.84 + vector(mix(palette.light, rgb("c98a5a"), 0.5)) * 0.12
    canvas.light(np.exp2(-((canvas.x / 0.16) ** 2)).astype(np.float32), rgb("ff8a4a"), 0.4)
    grain(canvas, palette)


def white_frame(canvas: Canvas, palette: Palette) -> None:
    """The frame of an instant photo."""
    faded(canvas, palette)
    inside = canvas.box(0.06, 0.05, 0.94, 0.95)
    canvas.paint(1 - inside, rgb("f6f3ea"))


def letterbox(canvas: Canvas, palette: Palette) -> None:
    """Black bars above and below, and one long flare."""
    canvas.light(np.exp2(-(((canvas.y - 0.3) / 0.01) ** 2)).astype(np.float32), rgb("7fd0ff"), 0.5)
    canvas.paint(np.maximum(canvas.box(0, 0, 1, 0.09), canvas.box(0, 0.91, 1, 1)), (0.02, 0.02, 0.03))


def halftone(canvas: Canvas, palette: Palette) -> None:
    """Four flat colours and coarse dots."""
    gray = _gray(canvas)
    tones = [rgb("1d1b4a"), rgb("e83a72"), rgb("22b8cf"), rgb("ffe14a")]
    steps = np.digitize(gray, [0.22, 0.45, 0.68])
    canvas.rgb = vector(tones)[steps]
    turn = (canvas.x + canvas.y) * 34, (canvas.x - canvas.y) * 34
    dots = np.hypot((turn[0] % 1) - 0.5, (turn[1] % 1) - 0.5) < 0.12 + 0.3 * (1 - gray)
    canvas.paint((dots & (steps == 2)).astype(np.float32), rgb("e83a72"), 0.75)
    canvas.paint((dots & (steps == 3)).astype(np.float32), rgb("ff8a3a"), 0.6)


def comic(canvas: Canvas, palette: Palette) -> None:
    """Flat tones and black outlines."""
    _flat(canvas, 6)
    _outline(canvas, 0.9)


def ink_panel(canvas: Canvas, palette: Palette) -> None:
    """Heavy black, white, and one colour."""
    gray = _gray(canvas)
    steps = np.digitize(cv2.GaussianBlur(gray, (0, 0), 1.5), [0.3, 0.52])
    canvas.rgb = vector([rgb("0e0f14"), rgb("8b939e"), rgb("f4f2ea")])[steps]
    hatch = ((canvas.x * 60 + canvas.y * 26) % 1) < 0.16
    canvas.paint((hatch & (steps > 0)).astype(np.float32), rgb("0e0f14"), 0.55)
    canvas.paint(canvas.ellipse(0.8, 0.2, 0.11, 0.11), rgb("d8232f"))


def woodblock(canvas: Canvas, palette: Palette) -> None:
    """Flat inks on warm paper with contours."""
    _flat(canvas, 4)
    canvas.rgb = canvas.rgb * 0.75 + vector(rgb("f1dfbd")) * 0.25
    _outline(canvas, 0.8)
    _paper(canvas, 0.05)


def watercolor(canvas: Canvas, palette: Palette) -> None:
    """Wet edges that run into white paper."""
    canvas.rgb = cv2.bilateralFilter(canvas.rgb, 9, 0.25, 9)
    pool = (canvas.noise(0.1) - 0.5) * 0.14 + (canvas.noise(0.03) - 0.5) * 0.06
    canvas.rgb = np.clip(_vivid(canvas.rgb, 1.5) * 0.86 + 0.15 + pool[..., None], 0, 1).astype(np.float32)
    away = (
        np.hypot((canvas.x - 0.5) / 0.66, (canvas.y - 0.52) / 0.7)
        + 0.3 * (canvas.noise(0.09) - 0.5)
        + 0.16 * (canvas.noise(0.03) - 0.5)
    )
    edge = np.clip((away - 0.82) * 9, 0, 1)
    canvas.darken((np.exp2(-(((away - 0.8) / 0.03) ** 2))).astype(np.float32), 0.2)
    canvas.paint(edge.astype(np.float32), rgb("fbf8f1"))
    _paper(canvas, 0.04)


def ink_wash(canvas: Canvas, palette: Palette) -> None:
    """Grey washes of ink on rice paper, and a red seal."""
    gray = np.clip(
        cv2.bilateralFilter((_gray(canvas) - 0.42) * 1.7 + 0.42, 9, 0.2, 9) + (canvas.noise(0.12) - 0.5) * 0.12, 0, 1
    )[..., None]
    canvas.rgb = (vector(rgb("1c1e22")) * (1 - gray) + vector(rgb("f2ebdb")) * gray).astype(np.float32)
    away = np.hypot((canvas.x - 0.5) / 0.7, (canvas.y - 0.55) / 0.7) + 0.3 * (canvas.noise(0.1) - 0.5)
    canvas.paint(np.clip((away - 0.85) * 6, 0, 1).astype(np.float32), rgb("f2ebdb"))
    canvas.paint(canvas.box(0.84, 0.1, 0.92, 0.18), rgb("c1342a"), 0.9)


def charcoal(canvas: Canvas, palette: Palette) -> None:
    """Smudged black on paper with a tooth."""
    gray = np.clip((_gray(canvas) - 0.5) * 1.3 + 0.55, 0, 1)
    tooth = canvas.random.random(canvas.x.shape).astype(np.float32)
    strokes = cv2.GaussianBlur(tooth, (0, 0), sigmaX=0.6, sigmaY=2.2)
    gray = np.clip(gray + (strokes - 0.5) * 0.55 * (1 - np.abs(gray - 0.5)), 0, 1)
    away = np.hypot((canvas.x - 0.5) / 0.6, (canvas.y - 0.5) / 0.62) + 0.3 * (canvas.noise(0.08) - 0.5)
    gray = np.maximum(gray, np.clip((away - 0.8) * 5, 0, 1))[..., None]
    canvas.rgb = (vector(rgb("17171a")) * (1 - gray) + vector(rgb("f0ece2")) * gray).astype(np.float32)


def pastel(canvas: Canvas, palette: Palette) -> None:
    """Chalk strokes on toned paper."""
    tooth = cv2.GaussianBlur(canvas.random.random(canvas.x.shape).astype(np.float32), (0, 0), sigmaX=2.4, sigmaY=0.7)
    canvas.rgb = np.clip(canvas.rgb * 0.78 + 0.17 + ((tooth - 0.5) * 1.1)[..., None], 0, 1).astype(np.float32)
    away = np.hypot((canvas.x - 0.5) / 0.6, (canvas.y - 0.5) / 0.62) + 0.3 * (canvas.noise(0.06) - 0.5)
    canvas.paint(np.clip((away - 0.82) * 5, 0, 1).astype(np.float32), rgb("b8a58f"))


def oil(canvas: Canvas, palette: Palette) -> None:
    """Short thick strokes in the direction of the forms."""
    small = cv2.bilateralFilter(canvas.rgb, 7, 0.2, 7)
    painted = small.copy()
    for size, count in ((0.03, 1500), (0.016, 2600)):
        xs, ys = canvas.random.random(count), canvas.random.random(count)
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
            row, column = int(y * (canvas.side - 1)), int(x * (canvas.side - 1))
            tone = np.clip(small[row, column] + canvas.random.normal(0, 0.03), 0, 1)
            turn = 40 + 70 * np.sin(x * 5) * np.cos(y * 4)
            axes = (int(size * canvas.side * 0.5), max(int(size * canvas.side * 0.14), 1))
            cv2.ellipse(painted, (column, row), axes, float(turn), 0, 360, [float(t) for t in tone], -1, cv2.LINE_AA)
    canvas.rgb = painted * 0.8 + small * 0.2


def stained_glass(canvas: Canvas, palette: Palette) -> None:
    """Panes with leads between them, lit from behind."""
    count = 230
    seeds = canvas.random.random((count, 2)).astype(np.float32)
    distance = (canvas.x[..., None] - seeds[:, 0]) ** 2 + (canvas.y[..., None] - seeds[:, 1]) ** 2
    nearest = np.argmin(distance, axis=2)
    small = cv2.GaussianBlur(canvas.rgb, (0, 0), 3)
    tones = vector([small[int(y * (canvas.side - 1)), int(x * (canvas.side - 1))] for x, y in seeds.tolist()])
    mean = tones.mean(axis=1, keepdims=True)
    tones = np.clip(mean + (tones - mean) * 2.3 + canvas.random.normal(0, 0.06, tones.shape), 0, 1)
    canvas.rgb = tones[nearest].astype(np.float32)
    canvas.light(canvas.falloff(0.5, 0.35, 0.5), palette.light, 0.22)
    near = np.sort(distance, axis=2)[..., :2]
    lead = np.clip(1 - (np.sqrt(near[..., 1]) - np.sqrt(near[..., 0])) / 0.011, 0, 1)
    canvas.paint(lead.astype(np.float32), rgb("14141a"), 0.95)


def layered(canvas: Canvas, palette: Palette) -> None:
    """Sheets of cut paper with soft shadows around the picture."""
    for n, size in enumerate((0.52, 0.46, 0.41)):
        turn = np.arctan2(canvas.y - 0.5, canvas.x - 0.5)
        ring = np.hypot(canvas.x - 0.5, canvas.y - 0.5) > size + 0.022 * np.sin(turn * (7 + 2 * n) + n)
        mask = ring.astype(np.float32)
        if n:
            mask = np.clip(mask - vector(np.hypot(canvas.x - 0.5, canvas.y - 0.5) > size + 0.07), 0, 1)
        canvas.darken(canvas.soft(ring.astype(np.float32), 0.018), 0.28)
        canvas.paint(
            mask if n else ring.astype(np.float32), mix(mix(rgb("f6b48f"), rgb("1d7c84"), n / 2.4), palette.light, 0.15)
        )
    _paper(canvas, 0.03)


def scan_lines(canvas: Canvas, palette: Palette) -> None:
    """A picture of lines that flicker at one side."""
    gray = _gray(canvas)[..., None]
    cold = vector(mix(palette.light, rgb("4fe3ff"), 0.5)) * gray * 1.25
    canvas.rgb = (canvas.rgb * 0.35 + cold * 0.75).astype(np.float32)
    for row in range(0, canvas.side, 12):
        shift = int(canvas.random.integers(-5, 6)) if canvas.random.random() < 0.45 else 0
        canvas.rgb[row : row + 12] = np.roll(canvas.rgb[row : row + 12], shift, axis=1)
    canvas.darken(((np.arange(canvas.side) // 3 % 2)[:, None] * np.ones_like(canvas.x)).astype(np.float32), 0.32)
    for _ in range(60):
        x, y = float(canvas.random.random()) * 0.4 + 0.6, float(canvas.random.random())
        canvas.light(canvas.box(x, y, x + 0.016, y + 0.016), rgb("7ff0ff"), 0.5)


def rounded(canvas: Canvas, palette: Palette) -> None:
    """The soft light of clay."""
    canvas.rgb = cv2.bilateralFilter(canvas.rgb, 11, 0.2, 11)
    prints = 0.5 + 0.5 * np.sin(np.hypot(canvas.x - 0.4, canvas.y - 0.35) * 190 + 6 * canvas.noise(0.15))
    canvas.rgb = np.clip(canvas.rgb * 1.06 + 0.02 + ((prints - 0.5) * 0.035)[..., None], 0, 1).astype(np.float32)


def vivid(canvas: Canvas) -> None:
    """A little more contrast and colour, as prints are made."""
    canvas.rgb = np.clip((_vivid(canvas.rgb, 1.3) - 0.5) * 1.12 + 0.52, 0, 1).astype(np.float32)


def _vivid(pixels: Array, amount: float) -> Array:
    gray = (pixels @ vector([0.3, 0.59, 0.11]))[..., None]
    full: Array = np.clip(gray + (pixels - gray) * amount, 0, 1).astype(np.float32)
    return full


def _flat(canvas: Canvas, steps: int) -> None:
    smoothed = cv2.bilateralFilter(canvas.rgb, 9, 0.25, 9)
    canvas.rgb = (np.floor(smoothed * steps) / steps + 0.5 / steps).astype(np.float32)


def _outline(canvas: Canvas, strength: float) -> None:
    gray = cv2.GaussianBlur(_gray(canvas), (0, 0), 1.4)
    edge = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    canvas.paint(np.clip(edge * 3.2 - 0.3, 0, 1), lighter(rgb("2a2036"), -0.4), strength)


def _paper(canvas: Canvas, strength: float) -> None:
    tooth = cv2.GaussianBlur(canvas.random.random(canvas.x.shape).astype(np.float32), (0, 0), 0.9)
    canvas.rgb = np.clip(canvas.rgb + ((tooth - 0.5) * strength * 4)[..., None], 0, 1).astype(np.float32)
