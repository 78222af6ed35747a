"""The faces that an adapter is shown while the small U-Net is learned: another picture of the person that is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from research.tiny_models.pictures import to_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.identity import TransFace
    from research.tiny_models.pictures import RenderedPictures


class Faces:
    """Encoder tokens float16 [n, t, width] of all ``pictures``, which have the same person ``pictures.each`` times."""

    def __init__(self, pictures: RenderedPictures, tokens: np.ndarray) -> None:
        self._pictures, self._tokens = pictures, tokens
        self.count = int(pictures.traits.shape[1])

    def tokens(self, numbers: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Tokens [b, t, width] of another picture of each person, a photo where there is one.

        Of the same picture where there is no other.
        """
        others = [int(rng.choice(self._pictures.others(int(n)) or [n])) for n in numbers]
        return torch.from_numpy(np.stack([self._tokens[n] for n in others]).astype(np.float32))

    def who(self, numbers: np.ndarray) -> Tensor:
        """The traits [b, 41] of the persons of pictures (see ``world.traits``)."""
        return torch.from_numpy(self._pictures.traits_of(numbers))

    def masks(self, numbers: np.ndarray) -> Tensor:
        """Face masks [b, side, side] in 0..1 of the pictures themselves."""
        return torch.from_numpy(np.stack([self._pictures["masks"][n] for n in numbers]).astype(np.float32) / 255.0)


@torch.no_grad()
def tokens_of_all(
    encoder: TransFace, pictures: RenderedPictures, say: Callable[[int, int], None] = lambda _d, _t: None
) -> np.ndarray:
    """The encoder's tokens of all aligned faces, float16 [n, t, width]."""
    parts = []
    for first in range(0, len(pictures), 64):
        faces = to_model(np.asarray(pictures["aligned"][first : first + 64]))
        parts.append(encoder.tokens(faces).numpy().astype(np.float16))
        say(min(first + 64, len(pictures)), len(pictures))
    return np.concatenate(parts)
