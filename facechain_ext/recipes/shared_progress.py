"""One progress from 0 to its total for a recipe of several parts, each of which counts its own steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class SharedProgress:
    """Maps the progress of each part to that of the whole, never backwards.

    ``weights`` are about the steps that each part samples. ``stopped`` becomes True once ``report`` has returned False,
    which every part is then told.
    """

    def __init__(self, weights: Sequence[int], report: Callable[[int, int], bool] | None = None) -> None:
        self.stopped = False
        self._weights = [max(weight, 0) for weight in weights]
        self._report = report
        self._told = 0

    def part(self, index: int) -> Callable[[int, int], bool]:
        """The progress of part ``index``, from 0, for a host or a recipe."""
        before, weight = sum(self._weights[:index]), self._weights[index]
        return lambda done, total: self._tell(before + weight * min(max(done, 0), total) // max(total, 1))

    def finish(self) -> None:
        """Count everything as done, also what had to be left out."""
        self._tell(sum(self._weights))

    def _tell(self, done: int) -> bool:
        self._told = max(self._told, done)
        if self._report is not None and not self.stopped:
            self.stopped = not self._report(self._told, max(sum(self._weights), 1))
        return not self.stopped
