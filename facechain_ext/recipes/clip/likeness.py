"""The likeness of a clip: the median over its frames, and how it goes along them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scorer import LikenessScorer

_MOST = 16
"""Frames that are scored at most, evenly along the clip: each takes about a third of a second on a processor."""
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class ClipLikeness:
    """``scores`` of the scored frames in order, None where a frame shows no usable face."""

    scores: tuple[float | None, ...]

    @property
    def median(self) -> float | None:
        """The median over frames with a face; None when none has one."""
        found = [score for score in self.scores if score is not None]
        return median(found) if found else None

    @property
    def curve(self) -> str:
        """A letter for each frame, from the lowest to the highest score of the clip; a point for no face."""
        found = [score for score in self.scores if score is not None]
        low, span = min(found, default=0.0), max(max(found, default=0.0) - min(found, default=0.0), 1e-6)
        return "".join("·" if s is None else _BARS[min(int((s - low) / span * 8 + 1e-6), 7)] for s in self.scores)

    @property
    def sentence(self) -> str:
        """Both for the user."""
        middle = self.median
        if middle is None:
            return "No frame shows a face whose likeness could be scored."
        return f"Likeness over the clip: median {middle:.2f}, from {self._low:.2f} to {self._high:.2f}: {self.curve}"

    @property
    def _low(self) -> float:
        return min(score for score in self.scores if score is not None)

    @property
    def _high(self) -> float:
        return max(score for score in self.scores if score is not None)


def clip_likeness(frames: Sequence[Pixels], person: Identity, scorer: LikenessScorer) -> ClipLikeness:
    """The likeness of frames, RGB uint8 [h, w, 3], to ``person``."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MOST)).round().astype(int)) if frames else ()
    found = [scorer.likeness(Image.fromarray(frames[int(index)]), person) for index in chosen]
    return ClipLikeness(tuple(None if one is None else one.cosine for one in found))
