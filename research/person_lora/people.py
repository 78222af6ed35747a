"""Pictures of a held-out person to learn from, and the scenes in which that person is drawn afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.faces import align
from facechain_ext.training.lora.trainer import Example
from research.evaluate.rendered import HELD_OUT
from research.person_lora.judge import PLAIN
from research.person_lora.locator import SIDE
from research.synthetic_world import caption, nuisance, person, render, scene

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels
    from research.synthetic_world import Scene

CALL = "ohwx person"
_PHOTOS, _SCENES = 900_000_000, 950_000_000
"""First seeds of the pictures and of the scenes; a thousand for each person."""


def examples(number: int, count: int) -> list[Example]:
    """``count`` photos of the held-out person ``number`` with their captions and heads, as a user would give them."""
    found = []
    for seed in range(_PHOTOS + 1000 * number, _PHOTOS + 1000 * number + count):
        around = _photo_scene(seed)
        drawn = render(person(HELD_OUT + number), around, nuisance(seed), side=SIDE)
        found.append(Example(drawn.pixels, called(around), drawn.head))
    return found


def aligned_photo(number: int) -> Pixels:
    """The first of these photos as the face encoder sees it."""
    seed = _PHOTOS + 1000 * number
    drawn = render(person(HELD_OUT + number), _photo_scene(seed), nuisance(seed), side=SIDE)
    return align(drawn.pixels, drawn.landmarks.astype("float32"), mask=drawn.head)


def wanted_scenes(number: int, count: int) -> list[Scene]:
    """``count`` other scenes for the person, photos before a ground of one colour."""
    first = _SCENES + 1000 * number
    return [_photo_scene(seed) for seed in range(first, first + count)]


def rendered_in(number: int, scenes: list[Scene]) -> list[Pixels]:
    """The person as the world draws them in ``scenes``: what a perfect model would draw."""
    first = _SCENES + 1000 * number
    return [
        render(person(HELD_OUT + number), one, nuisance(first + place), side=SIDE).pixels
        for place, one in enumerate(scenes)
    ]


def called(around: Scene) -> str:
    """The caption of a scene with the words that call the person."""
    return caption(around).replace("a person", CALL)


def _photo_scene(seed: int) -> Scene:
    """The scene of a seed as a photo, bare-headed, before a plain ground."""
    drawn = scene(seed)
    return replace(drawn, style="photo", accessory="", background=PLAIN[seed % len(PLAIN)])
