"""Face tokens and masks for training the tiny U-Net: the face comes from another picture of the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from research.tiny_models.pictures import to_network_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.identity import TransFace
    from research.tiny_models.pictures import RenderedPictures


class EncodedFaces:
    """Encoder tokens float16 [n, t, width] of all ``pictures``, ``pictures.each`` consecutive ones per person."""

    def __init__(self, pictures: RenderedPictures, tokens: np.ndarray) -> None:
        self._pictures, self._tokens = pictures, tokens
        self.count = int(pictures.traits.shape[1])

    def tokens(self, indices: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Tokens [b, t, width] of a random other picture of each person, a photo if there is one, else of the same."""
        other_photos = [int(rng.choice(self._pictures.other_photos(int(n)) or [n])) for n in indices]
        return torch.from_numpy(np.stack([self._tokens[n] for n in other_photos]).astype(np.float32))

    def traits(self, indices: np.ndarray) -> Tensor:
        """The traits [b, 41] of the persons in pictures (see ``people.traits``)."""
        return torch.from_numpy(self._pictures.traits_of(indices))

    def masks(self, indices: np.ndarray) -> Tensor:
        """Face masks [b, side, side] in 0..1 of the pictures themselves."""
        return torch.from_numpy(np.stack([self._pictures["masks"][n] for n in indices]).astype(np.float32) / 255.0)


@torch.no_grad()
def encode_faces(
    encoder: TransFace, pictures: RenderedPictures, on_progress: Callable[[int, int], None] = lambda _d, _t: None
) -> np.ndarray:
    """The encoder's tokens of all aligned faces, float16 [n, t, width]."""
    batches = []
    for first in range(0, len(pictures), 64):
        faces = to_network_input(np.asarray(pictures["aligned"][first : first + 64]))
        batches.append(encoder.tokens(faces).numpy().astype(np.float16))
        on_progress(min(first + 64, len(pictures)), len(pictures))
    return np.concatenate(batches)
