"""Who is in a picture, among 100 rendered people, and whether two of its words were followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.faces import align
from facechain_ext.identity.encode import to_encoder_input
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.person_lora.locator import SIDE, load_or_train_locator, locate
from research.synthetic_world.scenes import BACKGROUNDS, CLOTHES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import TransFace
    from research.synthetic_world import Scene

GALLERY, GALLERY_PHOTOS = 100, 3
PLAIN = tuple(name for name in BACKGROUNDS if name not in ("beach", "forest", "city", "sunset"))
"""Backgrounds of one colour, which can be read off a picture's corners."""
_CENTRE, _RADII = (56, 58), (50, 58)
"""Of the ellipse that stands for the head in an aligned face of 112 pixels."""
_CORNER, _CHEST = 8, (0.92, 0.4, 0.6)
"""Pixels of a corner, and where the garment is: from this share of the height down, between these of the width."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """Of each picture: whether the person is the nearest of all, the cosine to them, the share of words followed."""

    hits: np.ndarray
    cosines: np.ndarray
    words: np.ndarray


class Judge:
    """The tiny face encoder on faces that a locator of its own finds; the encoder is FACT's, which favours FACT."""

    def __init__(self, encoder: TransFace, folder: Path) -> None:
        self.encoder, self.locator = encoder, load_or_train_locator(folder)
        people = RenderedPeople(GALLERY, GALLERY_PHOTOS, first=HELD_OUT, side=SIDE)
        photos = [people.render_as_photo(number).aligned for number in range(len(people))]
        self._gallery = F.normalize(self._embed(photos).view(GALLERY, GALLERY_PHOTOS, -1).mean(1), dim=1)

    def verdict(self, pixels: Pixels, person: int, scenes: Sequence[Scene]) -> Verdict:
        """The verdict on pictures uint8 [n, 96, 96, 3] that are to show the ``person`` in ``scenes``."""
        cosines = self._embed([
            align(one, points) * HEAD for one, points in zip(pixels, locate(self.locator, pixels), strict=True)
        ]) @ self._gallery.T  # fmt: skip
        hits = (cosines.argmax(1) == person).numpy()
        words = [words_followed(one, scene) for one, scene in zip(pixels, scenes, strict=True)]
        return Verdict(hits, cosines[:, person].numpy(), np.array(words))

    @torch.no_grad()
    def _embed(self, aligned: Sequence[Pixels]) -> Tensor:
        faces = torch.stack([to_encoder_input(one) for one in aligned])
        return F.normalize(torch.cat([self.encoder(part)[1] for part in torch.split(faces, 50)]), dim=1)


def _ellipse() -> np.ndarray:
    y, x = np.mgrid[:112, :112]
    inside = ((x - _CENTRE[0]) / _RADII[0]) ** 2 + ((y - _CENTRE[1]) / _RADII[1]) ** 2 < 1
    return np.asarray(inside[..., None], np.uint8)


HEAD = _ellipse()
"""The ellipse that stands for the head in an aligned face, uint8 [112, 112, 1]."""


def words_followed(pixels: Pixels, scene: Scene) -> float:
    """The share of background and colour of the garment whose nearest named colour is the one that was asked for."""
    side = len(pixels)
    corners = np.concatenate([pixels[:_CORNER, :_CORNER], pixels[:_CORNER, -_CORNER:]]).reshape(-1, 3)
    low, left, right = (round(share * side) for share in _CHEST)
    chest = pixels[low:, left:right].reshape(-1, 3)
    found = _nearest(corners, {name: BACKGROUNDS[name] for name in PLAIN}), _nearest(chest, CLOTHES)
    return ((found[0] == scene.background) + (found[1] == scene.colour)) / 2


def _nearest(pixels: np.ndarray, colours: dict[str, tuple[int, int, int]]) -> str:
    median = np.median(pixels, axis=0)
    return min(colours, key=lambda name: float(np.abs(median - np.array(colours[name])).sum()))
