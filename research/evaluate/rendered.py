"""Drawn people as photos to train on, with everything that is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces import align
from facechain_ext.training.adapter.people import Photo
from research.synthetic_world import caption, nuisance, person, render, scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from research.synthetic_world import Nuisance, RenderedPicture, Scene

HELD_OUT = 5_000_000
"""Persons from this seed on are for measuring only."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """One drawn picture and what is in it; ``who`` counts the persons of its set."""

    who: int
    drawn: RenderedPicture
    scene: Scene
    nuisance: Nuisance

    @property
    def photo(self) -> Photo:
        """As the trainer takes it."""
        landmarks = self.drawn.landmarks.astype(np.float32)
        aligned = align(self.drawn.pixels, landmarks, mask=self.drawn.head)
        return Photo(self.drawn.pixels, self.drawn.face.astype(np.uint8) * 255, aligned, caption(self.scene))


class RenderedPeople:
    """``persons`` people with ``each`` photos, from person seed ``first`` on; scenes differ from photo to photo."""

    def __init__(self, persons: int, each: int, *, first: int = 0, side: int = 64) -> None:
        self.each, self.first = each, first
        self.portraits = [
            _portrait(who, first + who, scene(seed), nuisance(seed), side)
            for who in range(persons)
            for seed in range(1 + (first + who) * each, 1 + (first + who + 1) * each)
        ]
        self._photos = [portrait.photo for portrait in self.portraits]

    def __len__(self) -> int:
        return len(self.portraits)

    def photo(self, number: int) -> Photo:
        """One photo."""
        return self._photos[number]

    def as_photo(self, number: int) -> Photo:
        """One picture drawn again in the style of a photo."""
        before = self.portraits[number]
        around, side = replace(before.scene, style="photo"), len(before.drawn.face)
        return _portrait(before.who, self.first + before.who, around, before.nuisance, side).photo

    def others(self, number: int) -> Sequence[int]:
        """The other pictures of the same person; photos alone where there are some, since users give photos."""
        return other_pictures(number, self.each, lambda other: self.portraits[other].scene.style == "photo")


def other_pictures(number: int, each: int, is_photo: Callable[[int], bool]) -> list[int]:
    """The pictures of the same person, who has ``each``, without ``number``; those that are photos, if some are."""
    start = number // each * each
    others = [other for other in range(start, start + each) if other != number]
    return [other for other in others if is_photo(other)] or others


def _portrait(who: int, seed: int, place: Scene, how: Nuisance, side: int) -> Portrait:
    return Portrait(who, render(person(seed), place, how, side=side), place, how)
