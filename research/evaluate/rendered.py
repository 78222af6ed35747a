"""Rendered people as training photos with their ground truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces import align
from facechain_ext.training.adapter.dataset import Photo
from research.synthetic_world import caption, nuisance, person, render, scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from research.synthetic_world import Nuisance, RenderedPicture, Scene

HELD_OUT = 5_000_000
"""Persons from this seed on are used for evaluation only."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """One rendered picture with its scene; ``person`` is the index of the person in its set."""

    person: int
    rendered: RenderedPicture
    scene: Scene
    nuisance: Nuisance

    @property
    def photo(self) -> Photo:
        """The picture in the format of the trainer."""
        landmarks = self.rendered.landmarks.astype(np.float32)
        aligned = align(self.rendered.pixels, landmarks, mask=self.rendered.head)
        return Photo(self.rendered.pixels, self.rendered.face.astype(np.uint8) * 255, aligned, caption(self.scene))


class RenderedPeople:
    """``persons`` people with ``each`` photos, from person seed ``first`` on; scenes differ from photo to photo."""

    def __init__(self, persons: int, each: int, *, first: int = 0, side: int = 64) -> None:
        self.each, self.first = each, first
        self.portraits = [
            _portrait(index, first + index, scene(seed), nuisance(seed), side)
            for index in range(persons)
            for seed in range(1 + (first + index) * each, 1 + (first + index + 1) * each)
        ]
        self._photos = [portrait.photo for portrait in self.portraits]

    def __len__(self) -> int:
        return len(self.portraits)

    def photo(self, number: int) -> Photo:
        """The photo at an index."""
        return self._photos[number]

    def render_as_photo(self, number: int) -> Photo:
        """The photo at an index, rendered again in the style of a photo."""
        before = self.portraits[number]
        around, side = replace(before.scene, style="photo"), len(before.rendered.face)
        return _portrait(before.person, self.first + before.person, around, before.nuisance, side).photo

    def other_photos(self, number: int) -> Sequence[int]:
        """Indices of the person's other pictures; only photos where there are any, since users give photos."""
        return other_pictures(number, self.each, lambda other: self.portraits[other].scene.style == "photo")


def other_pictures(number: int, each: int, is_photo: Callable[[int], bool]) -> list[int]:
    """The pictures of the same person, who has ``each``, without ``number``; those that are photos, if some are."""
    start = number // each * each
    other_photos = [other for other in range(start, start + each) if other != number]
    return [other for other in other_photos if is_photo(other)] or other_photos


def _portrait(index: int, seed: int, place: Scene, circumstances: Nuisance, side: int) -> Portrait:
    return Portrait(index, render(person(seed), place, circumstances, side=side), place, circumstances)
