"""Scenes, which captions describe, and nuisance parameters, which they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (240, 240, 238),
    "gray": (128, 128, 130),
    "black": (24, 24, 28),
    "red": (178, 38, 42),
    "orange": (228, 128, 36),
    "yellow": (236, 208, 70),
    "green": (58, 138, 66),
    "blue": (46, 84, 186),
    "purple": (116, 58, 158),
    "pink": (236, 150, 186),
    "beach": (120, 190, 230),
    "forest": (34, 84, 44),
    "city": (92, 100, 122),
    "sunset": (236, 116, 62),
}
"""Colour of each background; the last four also have shapes."""
CLOTHES: dict[str, tuple[int, int, int]] = {
    "white": (236, 236, 236),
    "gray": (120, 122, 126),
    "black": (30, 30, 34),
    "red": (190, 34, 40),
    "orange": (232, 120, 30),
    "yellow": (238, 210, 60),
    "green": (40, 130, 60),
    "blue": (40, 76, 180),
    "purple": (112, 52, 150),
    "pink": (236, 140, 180),
    "brown": (110, 70, 40),
    "teal": (24, 128, 132),
}
GARMENTS = ("shirt", "suit", "sweater")
ACCESSORIES = ("", "hat", "glasses", "scarf")
STYLES = ("photo", "drawing", "sketch", "watercolor", "cartoon", "sepia photo", "monochrome photo", "neon picture")
FRAMINGS = ("closeup", "portrait", "bust")


@dataclass(frozen=True)
class Scene:
    """What the caption describes: names from the tables of this module; ``accessory`` may be empty."""

    background: str
    colour: str
    garment: str
    accessory: str
    style: str
    framing: str


@dataclass(frozen=True)
class Nuisance:
    """What the caption does not describe; values are in -1..1 unless stated.

    ``yaw`` is positive to the picture's right, ``pitch`` upwards, ``roll`` clockwise; ``smile`` bends the mouth up,
    ``open`` (0..1) opens it; ``gaze`` moves the irises; ``light`` is the direction that light comes from, and
    ``contrast`` (0..1) its strength; ``tint`` is cool to warm; ``blur`` is 0..1; ``shift`` moves the head.
    """

    yaw: float
    pitch: float
    roll: float
    smile: float
    open: float
    gaze: float
    light: float
    contrast: float
    exposure: float
    tint: float
    blur: float
    shift_x: float
    shift_y: float


def scene(seed: int) -> Scene:
    """The scene of a seed; half are photos, half have no accessory, so that most faces are unobstructed."""
    rng = np.random.default_rng((seed, 2))

    def pick(names: tuple[str, ...]) -> str:
        return names[int(rng.integers(len(names)))]

    background, colour, garment = pick(tuple(BACKGROUNDS)), pick(tuple(CLOTHES)), pick(GARMENTS)
    accessory = pick(ACCESSORIES[1:]) if rng.random() < 0.5 else ""
    style = "photo" if rng.random() < 0.5 else pick(STYLES[1:])
    return Scene(background, colour, garment, accessory, style, pick(FRAMINGS))


def nuisance(seed: int) -> Nuisance:
    """The nuisance parameters of a seed."""
    rng = np.random.default_rng((seed, 3))
    yaw, pitch, roll, smile, gaze, light, exposure, tint, x, y = rng.uniform(-1, 1, 10)
    opened = max(float(rng.uniform(-1, 1)), 0.0)
    contrast, blur = float(rng.random()), max(float(rng.uniform(-1, 1)), 0.0)
    values = (yaw, pitch, roll, smile, opened, gaze, light, contrast, exposure, tint, blur, x, y)
    return Nuisance(*(float(value) for value in values))


def caption(scene: Scene) -> str:
    """The caption of a scene, in the form of a prompt."""
    accessory = f", {scene.accessory}" if scene.accessory else ""
    return (
        f"a {scene.framing} {scene.style} of a person, {scene.background} background, "
        f"{scene.colour} {scene.garment}{accessory}"
    )
