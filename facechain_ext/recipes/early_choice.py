"""The choice among pictures while they are made: those that promise less likeness are given up.

A search over noise finds more than further steps do (arXiv 2501.09732), and what a picture will be is seen long before
its last step. Pictures are made one after the other, so each is compared with those before it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

from facechain_ext.recipes.job import EarlyLook

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.recipes.job import Job

LOOK_AT = 0.4
"""The fraction of the steps after which pictures are looked at (next to the 30 to 40 % of arXiv 2511.22242)."""


class EarlyChoice:
    """Lets a picture go on when fewer than ``best`` before it promised more; ``given_up`` counts the others.

    ``score`` gives the likeness in a picture, None where no face is found, which counts as the least.
    """

    def __init__(self, score: Callable[[Image.Image], Likeness | None], best: int) -> None:
        self._score, self._best = score, best
        self._seen: list[float] = []
        self.given_up = 0

    @staticmethod
    def of(job: Job, keep: int | None, score: Callable[[Image.Image], Likeness | None]) -> EarlyChoice | None:
        """The choice for the pictures of ``job``; None where there is nothing to choose.

        As many as are kept may promise more before a picture is given up, half of them where all are kept.
        """
        if not job.people or job.count < 2:
            return None
        best = keep if keep is not None and keep < job.count else -(-job.count // 2)
        return EarlyChoice(score, best)

    @property
    def look(self) -> EarlyLook:
        """The look for ``Job.look``."""
        return EarlyLook(self, LOOK_AT)

    def __call__(self, picture: Image.Image) -> bool:
        """Whether an unfinished ``picture`` is worth its other steps."""
        found = self._score(picture)
        value = float("-inf") if found is None else found.rank
        better = len(self._seen) - bisect_right(self._seen, value)
        insort(self._seen, value)
        goes_on = better < self._best
        self.given_up += not goes_on
        return goes_on
