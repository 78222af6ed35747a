"""A portrait of a person in a scene, with exact masks and landmarks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from research.synthetic_world.canvas import Canvas, HeadView, ellipse, shade
from research.synthetic_world.head import Head
from research.synthetic_world.scenes import BACKGROUNDS, CLOTHES
from research.synthetic_world.styles import apply_nuisance, stylise

if TYPE_CHECKING:
    from facechain_ext.faces.types import Mask, Pixels, Points
    from research.synthetic_world.people import Person
    from research.synthetic_world.scenes import Nuisance, Scene

SIDE = 64
"""Side of a portrait in pixels."""
_OVERSAMPLING = 2
_SCALES = {"closeup": 0.385, "portrait": 0.33, "bust": 0.28}
"""Half the height of the face, in sides of the picture, by framing."""


@dataclass(frozen=True, eq=False)
class RenderedPicture:
    """A portrait uint8 [side, side, 3] with its masks (bool [side, side]; face in head in person) and landmarks."""

    pixels: Pixels
    face: Mask
    head: Mask
    person: Mask
    landmarks: Points


def render(person: Person, scene: Scene, nuisance: Nuisance, *, side: int = SIDE) -> RenderedPicture:
    """Render ``person`` in ``scene``; deterministic in its arguments."""
    canvas = Canvas(side * _OVERSAMPLING)
    view = _view(person, scene, nuisance, canvas.side)
    head = Head(canvas, view, person, nuisance)
    _draw_background(canvas, scene)
    head.draw_back()
    _draw_body(canvas, view, person, scene)
    head.draw_face()
    head.draw_hair()
    _draw_accessory(canvas, view, head, scene)
    lit = apply_nuisance(canvas.pixels, nuisance, canvas.masks["person"] > 0)
    pixels = stylise(cv2.resize(lit, (side, side), interpolation=cv2.INTER_AREA), scene.style)
    masks = {
        name: cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA) >= 128 for name, mask in canvas.masks.items()
    }
    # a half-covered pixel at an edge may round differently in each mask
    masks["head"] &= masks["person"]
    masks["face"] &= masks["head"]
    return RenderedPicture(
        pixels, masks["face"], masks["head"], masks["person"], (head.landmarks() / _OVERSAMPLING).astype(np.float32)
    )


def _view(person: Person, scene: Scene, nuisance: Nuisance, side: int) -> HeadView:
    scale = _SCALES[scene.framing] * side
    centre = (side * (0.5 + 0.05 * nuisance.shift_x), side * (0.45 + 0.03 * nuisance.shift_y))
    return HeadView(
        width=0.58 + 0.36 * person.head_width,
        scale=scale,
        centre=centre,
        yaw=math.radians(28 * nuisance.yaw),
        pitch=math.radians(12 * nuisance.pitch),
        roll=math.radians(10 * nuisance.roll),
    )


def _draw_background(canvas: Canvas, scene: Scene) -> None:
    colour = BACKGROUNDS[scene.background]
    side = canvas.side
    canvas.pixels[:] = colour
    if scene.background == "beach":
        canvas.pixels[int(0.55 * side) :] = (36, 120, 170)
        canvas.pixels[int(0.72 * side) :] = (226, 200, 140)
    elif scene.background == "sunset":
        fade = np.linspace(0, 1, side)[:, None, None]
        canvas.pixels[:] = (np.array((70, 40, 110)) * (1 - fade) + np.array((250, 170, 70)) * fade).astype(np.uint8)
    elif scene.background == "forest":
        for number in range(6):
            x = (number + 0.5) * side / 6
            tree = np.array([(x, 0.0), (x + side / 12, side), (x - side / 12, side)])
            canvas.fill(tree, (16, 56, 30) if number % 2 else (60, 124, 60))
    elif scene.background == "city":
        for number, height in enumerate((0.3, 0.6, 0.15, 0.45, 0.2)):
            left, right = number * side / 5, (number + 0.9) * side / 5
            block = np.array([(left, height * side), (right, height * side), (right, side), (left, side)])
            canvas.fill(block, (58, 62, 76) if number % 2 else (150, 150, 140))


def _draw_body(canvas: Canvas, view: HeadView, person: Person, scene: Scene) -> None:
    """Neck and shoulders; they stay upright when the head turns."""
    scale, (x, y) = view.scale, view.centre
    skin = shade(person.skin_colour, 0.82)
    neck = np.array([(-0.42, 0.5), (0.42, 0.5), (0.5, 1.7), (-0.5, 1.7)]) * scale + (x, y)
    canvas.fill(neck, skin, "person")
    colour = CLOTHES[scene.colour]
    outline = np.array([(-0.45, 1.22), (-1.35, 1.55), (-1.75, 2.2), (-1.8, 5), (1.8, 5), (1.75, 2.2), (1.35, 1.55)])
    outline = np.concatenate([outline, [(0.45, 1.22), (0.0, 1.5)]]) * scale + (x, y)
    canvas.fill(outline, colour, "person")
    if scene.garment == "suit":
        opening = np.array([(-0.4, 1.22), (0.4, 1.22), (0.0, 2.6)]) * scale + (x, y)
        canvas.fill(opening, (240, 240, 240), "person")
        tie = np.array([(-0.1, 1.35), (0.1, 1.35), (0.14, 2.4), (-0.14, 2.4)]) * scale + (x, y)
        canvas.fill(tie, shade(colour, 0.5), "person")
    elif scene.garment == "sweater":
        collar = np.array([(-0.55, 1.05), (0.55, 1.05), (0.6, 1.45), (-0.6, 1.45)]) * scale + (x, y)
        canvas.fill(collar, shade(colour, 0.75), "person")


def _draw_accessory(canvas: Canvas, view: HeadView, head: Head, scene: Scene) -> None:
    """Draw the accessory; it is masked as person, not as head, since it belongs to the caption, not to the identity."""
    colour, width = shade(CLOTHES[scene.colour], 0.7), view.width
    covered = ("face", "head")
    if scene.accessory == "hat":
        crown = np.array([(-width * 1.05, -0.62), (-width * 0.9, -1.4), (width * 0.9, -1.4), (width * 1.05, -0.62)])
        brim = np.array([(-width * 1.5, -0.5), (-width * 1.4, -0.68), (width * 1.4, -0.68), (width * 1.5, -0.5)])
        canvas.fill(view(crown, depth=0.1), colour, "person", clears=covered)
        canvas.fill(view(brim, depth=0.25), shade(colour, 0.7), "person", clears=covered)
    elif scene.accessory == "glasses":
        for x in (-head.eye_x, head.eye_x):
            rim = ellipse(x, head.eye_y, 0.26, 0.23)
            canvas.line(view(np.concatenate([rim, rim[:1]]), depth=width), (20, 20, 24), 0.055 * view.scale)
        bridge = np.array([(-head.eye_x + 0.26, head.eye_y), (head.eye_x - 0.26, head.eye_y)])
        canvas.line(view(bridge, depth=width), (20, 20, 24), 0.05 * view.scale)
    elif scene.accessory == "scarf":
        (x, y), scale = view.centre, view.scale
        wrap = ellipse(0, 1.36, 0.85, 0.3) * scale + (x, y)
        canvas.fill(wrap, colour, "person", clears=covered)
        end = np.array([(0.2, 1.4), (0.6, 1.4), (0.7, 2.6), (0.3, 2.6)]) * scale + (x, y)
        canvas.fill(end, shade(colour, 0.85), "person")
