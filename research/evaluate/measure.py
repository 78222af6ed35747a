"""The figures: identity, caption, change outside the face and variety, from the eval net's predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from research.evaluate.eval_net import Prediction

MARGIN = 0.2
"""Share of its sides by which the face's box is widened, since the adapter may change hair and ears."""


@dataclass(frozen=True)
class Figures:
    """One variant at one strength.

    ``retrieval`` is the share of pictures whose person is nearest among the gallery, ``cosine`` the mean cosine to the
    right one, ``caption`` the share of attributes that are as the caption says, ``outside`` the mean absolute change
    outside the face in 0..1 against the same seed without adapter, ``yaw`` and ``smile`` the standard deviation over
    the pictures of one person (0 with one picture a person).
    """

    variant: str
    strength: float
    retrieval: float
    cosine: float
    caption: float
    outside: float
    yaw: float
    smile: float


def retrieval(found: Tensor, gallery: Tensor, persons: Sequence[int]) -> tuple[float, float]:
    """Share of rows of ``found`` [n, d] nearest to their own row of ``gallery`` [p, d], and the mean cosine to it.

    Both hold unit vectors; ``persons`` [n] are the rows' persons.
    """
    cosines = found @ gallery.T
    target = torch.as_tensor(persons)
    hits = (cosines.argmax(1) == target).float().mean()
    return float(hits), float(cosines.gather(1, target[:, None]).mean())


def caption_accuracy(prediction: Prediction, wanted: Sequence[dict[str, int]]) -> float:
    """Share of attributes, over all pictures, that the eval net predicts as ``wanted``."""
    hits = [
        float((numbers == torch.tensor([row[name] for row in wanted])).float().mean())
        for name, numbers in prediction.attributes.items()
    ]
    return float(np.mean(hits))


def change_outside(before: Pixels, after: Pixels, boxes: Tensor) -> float:
    """Mean absolute difference, 0..1, of pictures [n, s, s, 3] outside the ``boxes`` [n, 4] with their margin."""
    side = before.shape[1]
    changes = []
    for one, other, box in zip(before, after, boxes.tolist(), strict=True):
        left, top, right, bottom = box
        dx, dy = MARGIN * (right - left), MARGIN * (bottom - top)
        outside = np.ones((side, side), bool)
        rows = slice(max(int((top - dy) * side), 0), max(int((bottom + dy) * side), 0))
        columns = slice(max(int((left - dx) * side), 0), max(int((right + dx) * side), 0))
        outside[rows, columns] = False
        if outside.any():
            changes.append(np.abs(one[outside].astype(float) - other[outside]).mean() / 255)
    return float(np.mean(changes)) if changes else 0.0


def spread(values: Tensor, persons: Sequence[int]) -> float:
    """The standard deviation of ``values`` [n] over the pictures of one person, the mean over persons."""
    person_of_row = torch.as_tensor(persons)
    rows = [values[person_of_row == person] for person in sorted(set(persons))]
    spreads = [float(row.std()) for row in rows if len(row) > 1]
    return float(np.mean(spreads)) if spreads else 0.0
