"""Compute the increments in some of the steps only and add the cached ones in between; not exact."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from torch import Tensor

log = logging.getLogger(__name__)

_CALLS_A_STEP = 2
"""Runs of the U-Net with the same rows in one step that samplers of second order make; more of them are tiles."""


class IncrementCache:
    """Caches the increments of one step for the ``every`` - 1 that follow; the first ``warm_up`` are all computed.

    Early steps decide the picture and differ most from one another. What cuts the picture into tiles runs the U-Net
    several times a step with the same rows and other contents: nothing is reused then.
    """

    def __init__(self, every: int = 2, *, warm_up: int = 3) -> None:
        if every < 1 or warm_up < 1:
            raise ValueError("Increments are reused with every >= 1 and warm_up >= 1.")
        self._every, self._warm_up = every, warm_up
        self._stored: dict[tuple[Hashable, str], Tensor] = {}
        self._runs: dict[Hashable, int] = {}
        self._calls: dict[Hashable, int] = {}
        self._progress = 0.0
        self._key: Hashable = None
        self._is_tiled = False

    @property
    def recomputes(self) -> bool:
        """Whether the run that has begun computes its increments."""
        count = self._runs.get(self._key, 1) - 1
        return self._is_tiled or count < self._warm_up or (count - self._warm_up) % self._every == self._every - 1

    def begin(self, progress: float, key: Hashable) -> None:
        """Begin a run of the U-Net; ``key`` is the same for runs with the same rows and size."""
        if progress < self._progress:
            self.reset()
        if progress != self._progress:
            self._calls.clear()
        self._progress, self._key = progress, key
        self._runs[key] = self._runs.get(key, 0) + 1
        self._calls[key] = self._calls.get(key, 0) + 1
        if self._calls[key] > _CALLS_A_STEP and progress > 0.0 and not self._is_tiled:
            self._is_tiled = True
            self._stored.clear()
            log.info("the picture is made in tiles: the face is computed in every step")

    def lookup(self, site: str, x: Tensor) -> Tensor | None:
        """The increment to add at ``site`` again; None when it has to be computed."""
        stored = None if self.recomputes else self._stored.get((self._key, site))
        return stored if stored is not None and stored.shape == x.shape else None

    def store(self, site: str, increment: Tensor) -> None:
        """Store what was computed at ``site``."""
        if not self._is_tiled:
            self._stored[self._key, site] = increment.detach()

    def reset(self) -> None:
        """Drop everything, as for another picture."""
        self._stored.clear()
        self._runs.clear()
        self._calls.clear()
        self._is_tiled = False
