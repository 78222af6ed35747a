"""Contrastive training on pairs of pictures of one person, which generalises to unseen persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor

INVERSE_TEMPERATURE = 16.0
"""Factor of the cosines in the softmax over pairs (a temperature of 1/16; CLIP, arXiv 2103.00020, begins at 1/0.07)."""


def pair_loss(one: Tensor, other: Tensor) -> Tensor:
    """Cross-entropy of finding one's own row among the others [n, d], both ways (InfoNCE, arXiv 1807.03748)."""
    cosines = INVERSE_TEMPERATURE * F.normalize(one, dim=1) @ F.normalize(other, dim=1).T
    own = torch.arange(len(one))
    return (F.cross_entropy(cosines, own) + F.cross_entropy(cosines.T, own)) / 2


def draw_pairs(pictures: int, each: int, rng: np.random.Generator, persons: int) -> np.ndarray:
    """Indices [2, persons] of two pictures of each of several persons, who have ``each`` consecutive ``pictures``."""
    chosen = rng.choice(pictures // each, size=min(persons, pictures // each), replace=False)
    which = np.stack([rng.permutation(each)[:2] for _ in chosen], 1)
    pairs: np.ndarray = chosen * each + which
    return pairs
