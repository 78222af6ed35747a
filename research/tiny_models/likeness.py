"""How like themselves people are that a network painted, as the face encoder sees them: losses that know faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.faces.alignment import ARCFACE_POINTS, ARCFACE_SIZE, similarity
from facechain_ext.training.pairs import SHARPNESS
from research.tiny_models.pictures import to_model
from research.tiny_models.precision import bfloat16

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.identity import TransFace
    from research.tiny_models.pictures import RenderedPictures

_OTHERS = 255
"""People that a painted one is told from."""


class Likeness:
    """Sees painted faces where those of ``pictures`` are; the encoder is held fixed, gradients go through it.

    The error of pixels or of noise counts a face by its area, and most of what tells two people apart has little of it.
    """

    def __init__(self, encoder: TransFace, pictures: RenderedPictures) -> None:
        self.encoder = encoder.requires_grad_(requires_grad=False).eval()
        self._pictures = pictures

    def cut(self, painted: Tensor, numbers: np.ndarray) -> tuple[Tensor, Tensor]:
        """The faces [n, 3, 112, 112] of pictures by number, upright: painted ones, and the drawn ones.

        ``painted`` [n, 3, h, w] are in -1..1 and of any size. They are black where the drawn ones are, which have
        nothing but the head.
        """
        drawn = to_model(np.stack([self._pictures["aligned"][n] for n in numbers]))
        warps = torch.stack([_from_aligned(self._pictures["landmarks"][n], self._pictures.side) for n in numbers])
        places = F.affine_grid(warps, list(drawn.shape), align_corners=False)
        seen = F.grid_sample(painted, places, align_corners=False).clamp(-1, 1)
        return torch.where((drawn <= -1).all(1, keepdim=True), drawn, seen), drawn

    def lost(self, painted: Tensor, numbers: np.ndarray) -> Tensor:
        """What the encoder misses in ``painted`` copies of pictures (see ``cut``).

        1 - cosine of the embeddings, and the squared distance of the tokens in their variance; the mean over faces.
        """
        seen, drawn = self.cut(painted, numbers)
        tokens, embedding = self.encoder(seen)
        with torch.no_grad():
            wanted_tokens, wanted = self.encoder(drawn)
        apart: Tensor = (tokens - wanted_tokens).square().mean() / wanted_tokens.var()
        return 1 - F.cosine_similarity(embedding, wanted).mean() + apart


class Recognition:
    """Tells from latents whether the right person is in them.

    As a plain cosine to the person this taught a U-Net to raise the cosine of everybody, by what all faces have in
    common; told from others, only what is a person's own counts.
    """

    def __init__(self, likeness: Likeness, vae: Any, persons: Tensor, each: int) -> None:
        self._likeness, self._vae = likeness, vae
        self._persons, self._each = persons, each

    def unlike(self, latents: Tensor, numbers: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Cross-entropy [n] of the persons of pictures, by number, among others, in latents without scaling factor."""
        with bfloat16():
            painted = self._vae.decode(latents).sample.float()
        seen, _ = self._likeness.cut(painted, numbers)
        found = F.normalize(self._likeness.encoder(seen)[1], dim=1)
        own = self._persons[torch.from_numpy(numbers // self._each)]
        others = self._persons[torch.from_numpy(rng.integers(len(self._persons), size=_OTHERS))]
        cosines = torch.cat([(found * own).sum(1, keepdim=True), found @ others.T], 1)
        return -F.log_softmax(SHARPNESS * cosines, 1)[:, 0]


@torch.no_grad()
def persons_of(encoder: TransFace, tokens: np.ndarray, each: int) -> Tensor:
    """The embedding of each person, unit length [p, d], from the encoder's tokens of ``each`` pictures [p * each, ...].

    The mean over pictures, so that light and style are not part of it.
    """
    parts = [tokens[first : first + 256] for first in range(0, len(tokens), 256)]
    embeddings = torch.cat([encoder.embed(torch.from_numpy(part.astype(np.float32))) for part in parts])
    return F.normalize(F.normalize(embeddings, dim=1).view(-1, each, embeddings.shape[1]).mean(1), dim=1)


def _from_aligned(landmarks: np.ndarray, side: int) -> Tensor:
    """The warp [2, 3] from an aligned face to its picture of ``side``, both from -1 to 1 between their borders."""
    back = cv2.invertAffineTransform(similarity(landmarks, ARCFACE_POINTS))
    middle = (ARCFACE_SIZE - 1) / 2
    back[:, 2] += back[:, :2] @ (middle, middle) + 0.5
    back[:, :2] *= ARCFACE_SIZE / 2
    back *= 2 / side
    back[:, 2] -= 1
    return torch.from_numpy(back.astype(np.float32))
