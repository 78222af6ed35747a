"""Drawing a person's head: what stays the same in every picture, and the expression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from research.synthetic_world.canvas import Canvas, HeadView, ellipse, mix, shade

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from research.synthetic_world.canvas import Outline
    from research.synthetic_world.people import Person
    from research.synthetic_world.scenes import Nuisance

_WHITE = (244.0, 242.0, 238.0)
_LIP = (190.0, 46.0, 56.0)
_SIDES = {"short": -0.25, "side": -0.15, "long": 0.15, "curls": -0.1, "bun": -0.3, "bob": 0.3, "afro": -0.15}
"""How far down the hair beside the face reaches, by style, in head units."""


class Head:
    """A person's head in one view, drawn part by part from back to front."""

    def __init__(self, canvas: Canvas, view: HeadView, person: Person, nuisance: Nuisance) -> None:
        self.canvas, self.view, self.person, self.nuisance = canvas, view, person, nuisance
        p = person
        self.eye_size = 0.12 + 0.12 * p.eye_size
        self.eye_y = -0.10 - 0.2 * (p.eye_height - 0.5)
        self.eye_x = max(view.width * (0.36 + 0.18 * p.eye_spacing), self.eye_size + 0.04)
        self.nose_y = self.eye_y + 0.28 + 0.28 * p.nose_length
        self.mouth_y = max(0.50 + 0.2 * p.mouth_height, self.nose_y + 0.16)
        self.mouth_x = view.width * (0.22 + 0.36 * p.mouth_width) * (1.0 + 0.15 * max(nuisance.smile, 0.0))

    def landmarks(self) -> NDArray[np.float32]:
        """Eyes, nose tip and corners of the mouth [5, 2] in the picture, left before right."""
        corner = self.mouth_y - 0.07 * self.nuisance.smile
        points = np.array([(-self.eye_x, self.eye_y), (self.eye_x, self.eye_y), (-self.mouth_x, corner)])
        left, right, mouth_left = self.view(points)
        (mouth_right,) = self.view(np.array([(self.mouth_x, corner)]))
        (nose,) = self.view(self._nose_tip())
        return np.stack([left, right, nose, mouth_left, mouth_right]).astype(np.float32)

    def draw_back(self) -> None:
        """Hair behind the head, and the ears."""
        p, width = self.person, self.view.width
        volume = 0.08 + 0.34 * p.hair_volume
        style, colour = p.hair_style, shade(p.hair_colour, 0.82)
        if style in {"long", "bob"}:
            length = (0.9 if style == "long" else 0.4) + 0.6 * p.hair_volume
            outline = np.array(
                [(-width - volume, -0.4), (-width - volume, length), (width + volume, length), (width + volume, -0.4)]
            )
            top = ellipse(0, -0.4, width + volume, 0.62 + volume)
            self.canvas.fill(self.view(outline, depth=-0.3), colour, "head", "person")
            self.canvas.fill(self.view(top, depth=-0.3), colour, "head", "person")
        elif style == "curls":
            for angle in np.linspace(-0.15 * math.pi, 1.15 * math.pi, 11):
                x, y = (width + 0.05) * math.cos(angle), -0.15 - 0.85 * math.sin(angle)
                self.canvas.fill(
                    self.view(ellipse(x, y, volume + 0.14, volume + 0.14, points=12), depth=0), colour, "head", "person"
                )
        elif style == "afro":
            cloud = ellipse(0, -0.4, width + 0.16 + 1.2 * volume, 0.8 + 1.2 * volume)
            self.canvas.fill(self.view(cloud, depth=-0.1), colour, "head", "person")
        elif style == "bun":
            bun = ellipse(0, -1.12 - volume, 0.22 + volume, 0.2 + volume)
            self.canvas.fill(self.view(bun, depth=-0.2), colour, "head", "person")
        size = 0.10 + 0.24 * p.ears
        for side in (-1, 1):
            ear = ellipse(side * (width + 0.3 * size), 0.02, 0.62 * size, size, points=12)
            self.canvas.fill(self.view(ear, depth=0), shade(p.skin_colour, 0.88), "face", "head", "person")

    def draw_face(self) -> None:
        """Skin, beard, cheeks, mole, mouth, nose, eyes and brows."""
        p = self.person
        self.canvas.fill(self.view(self._face_outline(), depth=0.1), p.skin_colour, "face", "head", "person")
        for side in (-1, 1):
            cheek = ellipse(side * self.view.width * 0.56, 0.32, 0.2, 0.16)
            self.canvas.fill(self.view(cheek), mix(p.skin_colour, (220, 70, 70), 0.55 * p.blush))
        self._draw_beard()
        self._draw_mouth()
        self._draw_nose()
        for side in (-1, 1):
            self._draw_eye(side)
        if p.mole > 0.5:
            angle = 2 * math.pi * p.mole_place
            spot = ellipse(0.5 * self.view.width * math.cos(angle), 0.2 + 0.42 * math.sin(angle), 0.08, 0.08)
            self.canvas.fill(self.view(spot), shade(p.skin_colour, 0.3))

    def draw_hair(self) -> None:
        """Hair in front of the head."""
        p, width = self.person, self.view.width
        style = p.hair_style
        if style == "bald":
            return
        volume = 0.04 + 0.28 * p.hair_volume
        line = -0.8 + 0.42 * p.hair_line
        if style == "mohawk":
            self._draw_crest(line, volume)
            return
        side_y = _SIDES[style]
        outer = [(-width - 0.5 * volume, side_y)]
        outer += [
            ((width + volume) * math.cos(angle), -0.35 - (0.7 + volume) * math.sin(angle))
            for angle in np.linspace(math.pi, 0, 14)
        ]
        outer.append((width + 0.5 * volume, side_y))
        edge = 0.88 * width
        if style == "side":  # parted: deep over one temple
            inner = [(width * 0.9, -0.2), (width * 0.75, line + 0.3), (-width * 0.4, line - 0.12), (-width * 0.7, line)]
            inner.append((-edge, -0.35))
        elif style == "bob":  # a straight fringe, and down beside the cheeks
            fringe = line + 0.16
            inner = [(edge, side_y), (width * 0.84, fringe), (-width * 0.84, fringe), (-edge, side_y)]
        else:
            inner = [(edge, -0.35), (width * 0.62, line), (0.0, line - 0.06), (-width * 0.62, line), (-edge, -0.35)]
        self.canvas.fill(
            self.view(np.array(outer + inner), depth=0.15), p.hair_colour, "head", "person", clears=("face",)
        )
        if style == "curls":
            for x in np.linspace(-0.8, 0.8, 6):
                curl = ellipse(x * width, line - 0.1, 0.15, 0.13, points=10)
                self.canvas.fill(
                    self.view(curl, depth=0.3), shade(p.hair_colour, 1.12), "head", "person", clears=("face",)
                )

    def _draw_crest(self, line: float, volume: float) -> None:
        top = -1.0 - 1.6 * volume
        half = [(0.16, line + 0.1), (0.3, top + 0.2), (0.14, top)]
        crest = np.array([*half, *((-x, y) for x, y in reversed(half))])
        self.canvas.fill(self.view(crest, depth=0.15), self.person.hair_colour, "head", "person", clears=("face",))

    def _face_outline(self) -> Outline:
        """Wide above, narrower by ``jaw`` below, as long as ``chin``."""
        p, width = self.person, self.view.width
        angles = np.linspace(0, 2 * math.pi, 36, endpoint=False)
        x, y = np.cos(angles), np.sin(angles)
        below = np.clip(y, 0, 1)
        narrow = 1.0 - 0.5 * (1 - p.jaw) * below**1.5
        square = np.sign(x) * np.abs(x) ** (1.0 - 0.45 * p.jaw * below)
        return np.column_stack([width * square * narrow, y * np.where(y > 0, 0.84 + 0.3 * p.chin, 1.0)])

    def _draw_beard(self) -> None:
        p, width = self.person, self.view.width
        colour = mix(p.skin_colour, shade(p.hair_colour, 0.8), 0.85)
        style, y = p.beard_style, self.mouth_y
        if style == "full":
            outline = self._face_outline()
            lower = outline[(outline[:, 1] > 0.12)]
            upper = np.array([(-0.45 * width, y - 0.2), (0, y - 0.16), (0.45 * width, y - 0.2)])
            self.canvas.fill(self.view(np.concatenate([lower, upper]), depth=0.15), colour)
        elif style == "goatee":
            self.canvas.fill(self.view(ellipse(0, y + 0.16, 0.2, 0.2)), colour)
        if style in {"goatee", "moustache"}:
            half = self.mouth_x * 1.05
            points = np.array([(-half, y + 0.02), (-0.5 * half, y - 0.14), (0.5 * half, y - 0.14), (half, y + 0.02)])
            self.canvas.fill(self.view(points), colour)

    def _draw_mouth(self) -> None:
        p, n = self.person, self.nuisance
        colour = mix(shade(p.skin_colour, 0.72), _LIP, 0.1 + 0.8 * p.lip_red)
        half, weight = self.mouth_x, 0.035 + 0.11 * p.lip_weight
        x = np.linspace(-1, 1, 9)
        bend = -0.07 * n.smile * x**2 + 0.03 * n.smile
        arch = weight * (1 - x**2)
        gape = 0.12 * n.open * (1 - x**2)
        upper = np.column_stack([x * half, self.mouth_y + bend - arch])
        lower = np.column_stack([x * half, self.mouth_y + bend + 1.2 * arch + gape])
        self.canvas.fill(self.view(np.concatenate([upper, lower[::-1]])), colour)
        if n.open > 0.1:
            inside = np.column_stack([x * half * 0.8, self.mouth_y + bend + gape])
            top = np.column_stack([x * half * 0.8, self.mouth_y + bend])
            self.canvas.fill(self.view(np.concatenate([top, inside[::-1]])), (60, 16, 20))
        else:
            middle = np.column_stack([x * half, self.mouth_y + bend])
            self.canvas.line(self.view(middle), shade(colour, 0.6), 0.02 * self.view.scale)

    def _nose_tip(self) -> Outline:
        return np.array([(0.0, self.nose_y, self.view.width * 1.1)])

    def _draw_nose(self) -> None:
        p = self.person
        half = 0.06 + 0.2 * p.nose_width
        depth = self.view.width * 1.02
        top = (0.0, self.eye_y + 0.02, self.view.width * 0.97)
        y = self.nose_y
        bridge = np.array([top, (half, y, depth * 0.96), (0, y + 0.06, depth), (-half, y, depth * 0.96)])
        self.canvas.fill(self.view(bridge), shade(p.skin_colour, 1.12))
        base = np.array([(-half, y, depth * 0.96), (0, y + 0.07, depth), (half, y, depth * 0.96)])
        self.canvas.line(self.view(base), shade(p.skin_colour, 0.62), 0.055 * self.view.scale)
        edge = np.array([top, (half * 0.8, y - 0.02, depth)])
        self.canvas.line(self.view(edge), shade(p.skin_colour, 0.84), 0.03 * self.view.scale)

    def _draw_eye(self, side: int) -> None:
        p, n = self.person, self.nuisance
        size = self.eye_size
        tilt = side * (0.6 * (0.5 - p.eye_tilt))
        x, y = side * self.eye_x, self.eye_y
        white = ellipse(x, y, size, size * (0.42 + 0.3 * p.eye_size), tilt=tilt)
        self.canvas.fill(self.view(white), _WHITE)
        look = x + 0.3 * size * n.gaze
        self.canvas.fill(self.view(ellipse(look, y, size * 0.56, size * 0.56, points=12)), p.iris_colour)
        self.canvas.fill(self.view(ellipse(look, y, size * 0.22, size * 0.22, points=8)), (12, 10, 12))
        lid = white[10:20]  # the upper half
        self.canvas.line(self.view(lid), shade(p.skin_colour, 0.35), 0.035 * self.view.scale)
        brow_y = y - 0.72 * size - 0.08 - 0.14 * p.brow_height
        slope = side * 0.17 * (p.brow_angle - 0.5) * 2
        ends = np.array([(x - 1.25 * size, brow_y + slope), (x, brow_y - 0.04), (x + 1.25 * size, brow_y - slope)])
        colour = shade(p.hair_colour, 0.7)
        self.canvas.line(self.view(ends), colour, (0.04 + 0.14 * p.brow_weight) * self.view.scale)
