"""Identity losses on generated pictures, computed with the frozen face encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.faces.alignment import ARCFACE_POINTS, ARCFACE_SIZE, similarity_transform
from facechain_ext.training.pairs import INVERSE_TEMPERATURE
from research.tiny_models.pictures import to_network_input
from research.tiny_models.stage import bfloat16

if TYPE_CHECKING:
    from diffusers import AutoencoderKL
    from torch import Tensor

    from facechain_ext.identity import TransFace
    from research.tiny_models.pictures import RenderedPictures

_NEGATIVES = 255
"""Random other persons in the denominator of the cross-entropy."""


class FaceReconstructionLoss:
    """Compares generated copies of ``pictures`` with the originals in the encoder's space; gradients flow through it.

    Pixel and noise errors weigh a face by its area, and the features that separate two persons cover little of it.
    """

    def __init__(self, encoder: TransFace, pictures: RenderedPictures) -> None:
        self.encoder = encoder.requires_grad_(requires_grad=False).eval()
        self._pictures = pictures

    def crop_faces(self, generated: Tensor, indices: np.ndarray) -> tuple[Tensor, Tensor]:
        """Aligned faces [n, 3, 112, 112] of the generated and of the rendered pictures at ``indices`` [n].

        ``generated`` [n, 3, h, w] are in -1..1 and of any size; outside the rendered head both crops are black.
        """
        rendered = to_network_input(np.stack([self._pictures["aligned"][n] for n in indices]))
        warps = torch.stack([_aligned_to_picture(self._pictures["landmarks"][n], self._pictures.side) for n in indices])
        grid = F.affine_grid(warps, list(rendered.shape), align_corners=False)
        crops = F.grid_sample(generated, grid, align_corners=False).clamp(-1, 1)
        return torch.where((rendered <= -1).all(1, keepdim=True), rendered, crops), rendered

    def reconstruction_loss(self, generated: Tensor, indices: np.ndarray) -> Tensor:
        """1 - cosine of embeddings + squared token distance over token variance, as means over faces; a scalar.

        ``generated`` [n, 3, h, w] are copies of the pictures at ``indices`` [n], as in ``crop_faces``.
        """
        crops, rendered = self.crop_faces(generated, indices)
        tokens, embedding = self.encoder(crops)
        with torch.no_grad():
            target_tokens, target = self.encoder(rendered)
        token_error: Tensor = (tokens - target_tokens).square().mean() / target_tokens.var()
        return 1 - F.cosine_similarity(embedding, target).mean() + token_error


class IdentityLoss:
    """Contrastive identity loss of latents: the person against random others.

    A plain cosine to the person taught the U-Net to raise the cosine to everybody, by features that all faces share;
    the contrast removes those.
    """

    def __init__(self, likeness: FaceReconstructionLoss, vae: AutoencoderKL, person_vectors: Tensor, each: int) -> None:
        self._face_loss, self._vae = likeness, vae
        self._embeddings, self._each = person_vectors, each

    def cross_entropy(self, latents: Tensor, indices: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Cross-entropy [n] of the persons at ``indices`` [n]; ``latents`` [n, 4, h, w] have no scaling factor."""
        with bfloat16():
            generated = self._vae.decode(latents).sample.float()
        crops, _ = self._face_loss.crop_faces(generated, indices)
        embeddings = F.normalize(self._face_loss.encoder(crops)[1], dim=1)
        own = self._embeddings[torch.from_numpy(indices // self._each)]
        other_photos = self._embeddings[torch.from_numpy(rng.integers(len(self._embeddings), size=_NEGATIVES))]
        cosines = torch.cat([(embeddings * own).sum(1, keepdim=True), embeddings @ other_photos.T], 1)
        return -F.log_softmax(INVERSE_TEMPERATURE * cosines, 1)[:, 0]


@torch.no_grad()
def person_embeddings(encoder: TransFace, tokens: np.ndarray, each: int) -> Tensor:
    """Unit embeddings [p, d] of persons: the mean over the ``each`` pictures of a person, tokens [p * each, t, w].

    The mean averages out light and style.
    """
    parts = [tokens[first : first + 256] for first in range(0, len(tokens), 256)]
    embeddings = torch.cat([encoder.embed(torch.from_numpy(part.astype(np.float32))) for part in parts])
    return F.normalize(F.normalize(embeddings, dim=1).view(-1, each, embeddings.shape[1]).mean(1), dim=1)


def _aligned_to_picture(landmarks: np.ndarray, side: int) -> Tensor:
    """The affine map [2, 3] from the aligned crop to its picture of ``side`` pixels, both in -1..1 between borders."""
    warp = cv2.invertAffineTransform(similarity_transform(landmarks, ARCFACE_POINTS))
    centre = (ARCFACE_SIZE - 1) / 2
    warp[:, 2] += warp[:, :2] @ (centre, centre) + 0.5
    warp[:, :2] *= ARCFACE_SIZE / 2
    warp *= 2 / side
    warp[:, 2] -= 1
    return torch.from_numpy(warp.astype(np.float32))
