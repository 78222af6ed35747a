"""The likeness of a clip: the median over its frames, and how it goes along them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.identity.likeness_scorer import remarks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.identity.scorer import LikenessScorer

_MOST = 16
"""Frames that are scored at most, evenly along the clip: each takes about a third of a second on a processor."""
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class ClipLikeness:
    """``scores`` of the scored frames in order, all of one network, None where a frame shows no usable face."""

    scores: tuple[Likeness | None, ...]

    @property
    def median(self) -> float | None:
        """The median over frames with a face; None when none has one."""
        found = [score.value for score in self.scores if score is not None]
        return median(found) if found else None

    @property
    def curve(self) -> str:
        """A letter for each frame, from the least to the most alike of the clip; a point for no face."""
        ranks = [score.rank for score in self.scores if score is not None]
        low, span = min(ranks, default=0.0), max(max(ranks, default=0.0) - min(ranks, default=0.0), 1e-6)
        return "".join("·" if s is None else _BARS[min(int((s.rank - low) / span * 8 + 1e-6), 7)] for s in self.scores)

    @property
    def sentence(self) -> str:
        """Both for the user."""
        middle = self.median
        if middle is None:
            return "No frame shows a face whose likeness could be scored."
        found = [score for score in self.scores if score is not None]
        low, high = min(one.value for one in found), max(one.value for one in found)
        what = f"Distance by {found[0].encoder}" if found[0].is_distance else f"Likeness by {found[0].encoder}"
        words = f"{what} over the clip: median {middle:.2f}, from {low:.2f} to {high:.2f}: {self.curve}"
        return " ".join([words, *remarks_of(found)])


def clip_likeness(frames: Sequence[Pixels], person: Identity, scorer: LikenessScorer) -> ClipLikeness:
    """The likeness of frames, RGB uint8 [h, w, 3], to ``person``."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MOST)).round().astype(int)) if frames else ()
    found = [scorer.likeness(Image.fromarray(frames[int(index)]), person) for index in chosen]
    return ClipLikeness(tuple(found))
