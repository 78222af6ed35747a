"""Training batches as a function of seed, step and process alone, so that a resumed training sees the same ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from facechain_ext.identity.encode import to_encoder_input

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training.adapter.dataset import Photo, PhotoDataset
    from facechain_ext.training.adapter.settings import Settings

TIMESTEPS = 1000
"""Length of the noise schedule of SD1.5 and SDXL."""
_ORDER, _ROWS = 1, 2
"""Seeds of the independent random streams for the order of photos and for the rows of a batch."""


@dataclass(frozen=True, eq=False)
class Batch:
    """``b`` training rows.

    ``pixels`` [b, 3, s, s] in -1..1, ``mask`` [b, s, s] in 0..1 (1 on the face), ``faces`` [b, 3, 112, 112] in -1..1,
    ``has_face`` [b] in 0 or 1, ``token_ids`` int64 [b, 77], ``noise`` [b, 4, s/8, s/8], ``timesteps`` [b];
    ``latents`` [b, 4, s/8, s/8] of the pixels without the scaling factor, where they are known already. ``time_ids``
    [b, 6] are SDXL's numbers about sizes: the photo's height and width, top and left of the crop in the scaled photo,
    and s twice.
    """

    pixels: Tensor
    mask: Tensor
    faces: Tensor
    has_face: Tensor
    token_ids: Tensor
    noise: Tensor
    timesteps: Tensor
    latents: Tensor | None = None
    time_ids: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """A copy on ``device``."""
        tensors: dict[str, Tensor] = {name: value for name, value in vars(self).items() if value is not None}
        return replace(self, **{name: value.to(device) for name, value in tensors.items()})


def target_numbers(count: int, settings: Settings, first: int) -> list[int]:
    """Indices of the batch at position ``first`` of an endless sequence of shuffled passes over ``count`` photos."""
    numbers = []
    for position in range(first, first + settings.batch):
        epoch, offset = divmod(position, count)
        order = np.random.default_rng((settings.seed, _ORDER, epoch)).permutation(count)
        numbers.append(int(order[offset]))
    return numbers


class Latents(Protocol):
    """Latents [4, h, w] of photos by index, without the scaling factor; an array [n, 4, h, w] is one."""

    def __getitem__(self, number: int) -> np.ndarray:
        """The latents of one photo."""
        ...


class Batches:
    """Batches of ``dataset`` for one of ``processes`` processes; with ``latents`` the VAE is not needed."""

    def __init__(
        self,
        dataset: PhotoDataset,
        tokenizer: CLIPTokenizer,
        settings: Settings,
        *,
        process: int = 0,
        processes: int = 1,
        latent_channels: int = 4,
        latents: Latents | None = None,
    ) -> None:
        self._dataset = dataset
        self._tokenizer = tokenizer
        self._settings = settings
        self._process, self._processes = process, processes
        self._channels = latent_channels
        self._latents = latents

    def __call__(self, number: int) -> Batch:
        """Batch ``number`` of the training, counted from 0 over all steps and accumulated batches."""
        settings = self._settings
        index = number * self._processes + self._process
        rng = np.random.default_rng((settings.seed, _ROWS, index))
        targets = target_numbers(len(self._dataset), settings, index * settings.batch)
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
            token_ids=self._token_ids([caption for _, _, _, caption in rows]),
            noise=torch.randn(len(rows), self._channels, side, side, generator=generator),
            timesteps=torch.randint(0, TIMESTEPS, (len(rows),), generator=generator),
            latents=None if known is None else known.float(),
            time_ids=torch.tensor([photo.time_ids for photo in photos], dtype=torch.float32),
        )

    def _row(self, target: int, rng: np.random.Generator) -> tuple[Photo, Pixels, bool, str]:
        """The target photo, the aligned face, whether the row gets a face, and the caption."""
        settings = self._settings
        photo = self._dataset.photo(target)
        others = self._dataset.other_photos(target) if settings.shuffle else ()
        # always drawn, so that no setting changes the random numbers of the others
        which, face_chance, text_chance = rng.random(3)
        face = self._dataset.photo(others[int(which * len(others))]).aligned if others else photo.aligned
        caption = "" if text_chance < settings.text_drop else photo.caption
        return photo, face, face_chance >= settings.face_drop, caption

    def _token_ids(self, captions: list[str]) -> Tensor:
        ids: Tensor = self._tokenizer(
            captions, padding="max_length", truncation=True, max_length=77, return_tensors="pt"
        ).input_ids
        return ids
