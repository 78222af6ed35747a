"""Learning who is who from pairs of pictures, which goes on to people that were never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor

SHARPNESS = 16.0
"""Factor of the cosines in the softmax over pairs (a temperature of 1/16; CLIP, arXiv 2103.00020, begins at 1/0.07)."""


def pair_loss(one: Tensor, other: Tensor) -> Tensor:
    """Cross-entropy of finding one's own row among the others [n, d], both ways (InfoNCE, arXiv 1807.03748)."""
    cosines = SHARPNESS * F.normalize(one, dim=1) @ F.normalize(other, dim=1).T
    own = torch.arange(len(one))
    return (F.cross_entropy(cosines, own) + F.cross_entropy(cosines.T, own)) / 2


def draw_pairs(pictures: int, each: int, rng: np.random.Generator, persons: int) -> np.ndarray:
    """Numbers [2, persons] of two pictures each of different people, who have ``each`` of ``pictures`` in a row."""
    who = rng.choice(pictures // each, size=min(persons, pictures // each), replace=False)
    which = np.stack([rng.permutation(each)[:2] for _ in who], 1)
    pairs: np.ndarray = who * each + which
    return pairs
