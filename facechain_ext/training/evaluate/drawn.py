"""Drawn people as photos to train on, with everything that is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces import align
from facechain_ext.training.fact.people import Photo
from facechain_ext.training.world import caption, nuisance, person, render, scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.training.world import Drawn, Nuisance, Scene

HELD_OUT = 5_000_000
"""Persons from this seed on are for measuring only."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """One drawn picture and what is in it; ``who`` counts the persons of its set."""

    who: int
    drawn: Drawn
    scene: Scene
    nuisance: Nuisance

    @property
    def photo(self) -> Photo:
        """As the trainer takes it."""
        landmarks = self.drawn.landmarks.astype(np.float32)
        aligned = align(self.drawn.pixels, landmarks, mask=self.drawn.head)
        return Photo(self.drawn.pixels, self.drawn.face.astype(np.uint8) * 255, aligned, caption(self.scene))


class DrawnPeople:
    """``persons`` people with ``each`` photos, from person seed ``first`` on; scenes differ from photo to photo."""

    def __init__(self, persons: int, each: int, *, first: int = 0, side: int = 64) -> None:
        self.each, self.first = each, first
        self.portraits = [
            _portrait(who, first + who, 1 + (first + who) * each + number, side)
            for who in range(persons)
            for number in range(each)
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
        around = replace(before.scene, style="photo")
        side = len(before.drawn.face)
        drawn = render(person(self.first + before.who), around, before.nuisance, side=side)
        return Portrait(before.who, drawn, around, before.nuisance).photo

    def others(self, number: int) -> Sequence[int]:
        """The other pictures of the same person; photos alone where there are some, since users give photos."""
        start = number // self.each * self.each
        others = [other for other in range(start, start + self.each) if other != number]
        return [other for other in others if self.portraits[other].scene.style == "photo"] or others


def _portrait(who: int, seed: int, circumstances: int, side: int) -> Portrait:
    place, how = scene(circumstances), nuisance(circumstances)
    return Portrait(who, render(person(seed), place, how, side=side), place, how)
