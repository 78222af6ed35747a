"""Persons: the parameters of a face, which are the same in every picture of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

HAIR_KINDS = ("bald", "short", "side", "long", "curls", "bun", "bob", "afro", "mohawk")
BEARD_KINDS = ("none", "none", "moustache", "goatee", "full")
"""What a person's ``hair_kind`` and ``beard_kind`` choose from, in equal parts."""

Colour = tuple[float, float, float]

_SKIN = np.array([(70, 44, 32), (112, 72, 50), (160, 110, 78), (205, 155, 118), (232, 190, 158), (246, 214, 192)])
_HAIR = np.array(
    [
        (22, 18, 20),
        (98, 58, 30),
        (186, 76, 22),
        (230, 186, 84),
        (208, 208, 212),
        (230, 118, 168),
        (128, 66, 168),
        (44, 84, 190),
        (28, 142, 140),
        (70, 134, 50),
    ]
)
"""Natural colours and dyed ones: on a picture of 96 pixels the hair is the largest part of a head."""
_IRIS = np.array([(60, 34, 16), (120, 80, 30), (60, 120, 60), (50, 110, 190), (120, 170, 210)])


@dataclass(frozen=True)
class Person:
    """A face as numbers in 0..1; 0.5 is the middle of each range."""

    head_width: float
    jaw: float
    chin: float
    skin: float
    warmth: float
    hair: float
    hair_kind: float
    hair_line: float
    hair_volume: float
    eye_size: float
    eye_spacing: float
    eye_height: float
    eye_tilt: float
    iris: float
    brow_weight: float
    brow_angle: float
    brow_height: float
    nose_length: float
    nose_width: float
    mouth_width: float
    mouth_height: float
    lip_weight: float
    lip_red: float
    beard_kind: float
    ears: float
    blush: float
    mole: float
    mole_place: float

    @property
    def skin_colour(self) -> Colour:
        """RGB in 0..255, warmer or cooler by ``warmth``."""
        red, green, blue = _interpolate(_SKIN, self.skin)
        return (
            red * (0.94 + 0.10 * self.warmth),
            green * (0.96 + 0.04 * self.warmth),
            blue * (1.15 - 0.45 * self.warmth),
        )

    @property
    def hair_colour(self) -> Colour:
        """RGB in 0..255."""
        return _interpolate(_HAIR, self.hair)

    @property
    def iris_colour(self) -> Colour:
        """RGB in 0..255."""
        return _interpolate(_IRIS, self.iris)

    @property
    def hair_style(self) -> str:
        """One of HAIR_KINDS."""
        return HAIR_KINDS[min(int(self.hair_kind * len(HAIR_KINDS)), len(HAIR_KINDS) - 1)]

    @property
    def beard_style(self) -> str:
        """One of BEARD_KINDS."""
        return BEARD_KINDS[min(int(self.beard_kind * len(BEARD_KINDS)), len(BEARD_KINDS) - 1)]


def person(seed: int) -> Person:
    """The person of a seed, with parameters uniform in 0..1."""
    values = np.random.default_rng((seed, 1)).random(len(fields(Person)))
    return Person(*(float(value) for value in values))


def traits(numbers: np.ndarray) -> np.ndarray:
    """Training targets [n, 41] for the parameters [n, 28] of persons: these, then one-hot kinds of hair and beard.

    Kinds have no order, so the number that selects one can hardly be regressed, and a one-hot kind can.
    """
    people = [Person(*row) for row in numbers.tolist()]
    hair = np.array([item.hair_style for item in people])[:, None] == np.unique(HAIR_KINDS)
    beard = np.array([item.beard_style for item in people])[:, None] == np.unique(BEARD_KINDS)
    values: np.ndarray = np.concatenate([numbers, hair, beard], 1, dtype=np.float32)
    return values


def _interpolate(palette: np.ndarray, position: float) -> Colour:
    """The colour at ``position`` 0..1 along a palette [n, 3]."""
    at = position * (len(palette) - 1)
    low = min(int(at), len(palette) - 2)
    red, green, blue = palette[low] + (at - low) * (palette[low + 1] - palette[low])
    return float(red), float(green), float(blue)
