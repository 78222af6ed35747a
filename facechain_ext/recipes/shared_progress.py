"""One progress from 0 to its total for a recipe of several parts, each of which counts its own steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from facechain_ext.recipes.host import Host

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
        self._reported = 0

    def part(self, index: int) -> Callable[[int, int], bool]:
        """The progress of part ``index``, from 0, for a host or a recipe."""
        before, weight = sum(self._weights[:index]), self._weights[index]
        return lambda done, total: self._tell(before + weight * min(max(done, 0), total) // max(total, 1))

    def finish(self) -> None:
        """Count everything as done, also what had to be left out."""
        self._tell(sum(self._weights))

    def _tell(self, done: int) -> bool:
        self._reported = max(self._reported, done)
        if self._report is not None and not self.stopped:
            self.stopped = not self._report(self._reported, max(sum(self._weights), 1))
        return not self.stopped


@runtime_checkable
class SupportsProgress(Host, Protocol):
    """A host with a progress bar of its own, which restarts with each generation unless it is told of the recipe."""

    def show_progress(self, done: int, total: int) -> None:
        """Show that ``done`` of the ``total`` steps of the queued recipe are done."""
        ...


def host_progress(host: Host | None, report: Callable[[int, int], bool] | None = None) -> Callable[[int, int], bool]:
    """``report`` for a whole recipe, which the host's own bar shows too; one that stops nothing without ``report``."""

    def told(done: int, total: int) -> bool:
        if isinstance(host, SupportsProgress):
            host.show_progress(done, total)
        return report is None or report(done, total)

    return told
