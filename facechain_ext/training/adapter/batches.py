"""What one step is trained on, as a function of seed, step and process alone: a resumed training sees the same."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor

from facechain_ext.identity.encode import to_encoder_input

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

    from facechain_ext.training.adapter.people import People
    from facechain_ext.training.adapter.settings import Settings

TIMESTEPS = 1000
"""Length of SD1.5's noise schedule."""
_ORDER, _ROWS = 1, 2
"""Streams of random numbers that must not be the same."""


@dataclass(frozen=True, eq=False)
class Batch:
    """``b`` photos to learn.

    ``pixels`` [b, 3, s, s] in -1..1, ``mask`` [b, s, s] in 0..1 (1 on the face), ``faces`` [b, 3, 112, 112] in -1..1,
    ``has_face`` [b] in 0 or 1, ``words`` token numbers [b, 77], ``noise`` [b, 4, s/8, s/8], ``timesteps`` [b];
    ``latents`` [b, 4, s/8, s/8] of the pixels without the scaling factor, where they are known already.
    """

    pixels: Tensor
    mask: Tensor
    faces: Tensor
    has_face: Tensor
    words: Tensor
    noise: Tensor
    timesteps: Tensor
    latents: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {name: None if value is None else value.to(device) for name, value in values.items()}
        return Batch(**moved)


def target_numbers(count: int, settings: Settings, first: int) -> list[int]:
    """The photos of a batch that begins at place ``first`` of an endless row of shuffled passes over ``count``."""
    numbers = []
    for place in range(first, first + settings.batch):
        turn, position = divmod(place, count)
        order = np.random.default_rng((settings.seed, _ORDER, turn)).permutation(count)
        numbers.append(int(order[position]))
    return numbers


class Latents(Protocol):
    """Latents of photos by number, [4, h, w] each, without the scaling factor; an array [n, 4, h, w] will do."""

    def __getitem__(self, number: int) -> np.ndarray:
        """Those of one photo."""
        ...


class Batches:
    """Batches of ``people`` for one of ``processes`` processes; ``latents`` of all photos spare the autoencoder."""

    def __init__(
        self,
        people: People,
        tokenizer: CLIPTokenizer,
        settings: Settings,
        *,
        process: int = 0,
        processes: int = 1,
        latent_channels: int = 4,
        latents: Latents | None = None,
    ) -> None:
        self._people = people
        self._tokenizer: Any = tokenizer
        self._settings = settings
        self._process, self._processes = process, processes
        self._channels = latent_channels
        self._latents = latents

    def __call__(self, number: int) -> Batch:
        """Batch ``number`` of the training, counted from 0 over all steps and their parts."""
        settings = self._settings
        index = number * self._processes + self._process
        rng = np.random.default_rng((settings.seed, _ROWS, index))
        targets = target_numbers(len(self._people), settings, index * settings.batch)
        rows = [self._row(target, rng) for target in targets]
        photos = [photo for photo, _, _, _ in rows]
        pixels = np.stack([photo.pixels for photo in photos]).astype(np.float32) / 127.5 - 1.0
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        side = pixels.shape[1] // 8
        known = None if self._latents is None else torch.from_numpy(np.stack([self._latents[n] for n in targets]))
        return Batch(
            pixels=torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(),
            mask=torch.from_numpy(np.stack([photo.mask for photo in photos]).astype(np.float32) / 255.0),
            faces=torch.stack([to_encoder_input(face) for _, face, _, _ in rows]),
            has_face=torch.tensor([float(has_face) for _, _, has_face, _ in rows]),
            words=self._words([words for _, _, _, words in rows]),
            noise=torch.randn(len(rows), self._channels, side, side, generator=generator),
            timesteps=torch.randint(0, TIMESTEPS, (len(rows),), generator=generator),
            latents=None if known is None else known.float(),
        )

    def _row(self, target: int, rng: np.random.Generator) -> tuple[Any, Any, bool, str]:
        settings = self._settings
        photo = self._people.photo(target)
        others = self._people.others(target) if settings.shuffle else ()
        # the numbers are drawn whether they are needed or not, so that no setting changes what the others get
        place, no_face, no_words = rng.random(3)
        face = self._people.photo(others[int(place * len(others))]).aligned if others else photo.aligned
        words = "" if no_words < settings.text_drop else photo.caption
        return photo, face, no_face >= settings.face_drop, words

    def _words(self, captions: list[str]) -> Tensor:
        ids: Tensor = self._tokenizer(
            captions, padding="max_length", truncation=True, max_length=77, return_tensors="pt"
        ).input_ids
        return ids
