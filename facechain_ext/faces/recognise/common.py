"""What recognition networks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def direction(answer: Any, source: str) -> NDArray[np.float32]:
    """A network's answer for one face as float32 [n] of unit length; WeightsError when ``source`` gives none."""
    vector = np.asarray(answer, np.float32).ravel()
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise WeightsError(f"{source} answers with no direction; the file is damaged or another network.")
    return vector / length
