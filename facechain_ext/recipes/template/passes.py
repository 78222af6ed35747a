"""The passes of a whole recipe on a host: counted once from 0 to their total, and ended by the first interrupt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Portrait


class Passes:
    """Every generation of one recipe.

    ``report(done, total)`` is asked as the work goes on, in steps of the whole recipe, never backwards; when it returns
    False, or a host hands back fewer pictures than a pass was to make, ``stopped`` is True and nothing more begins.
    ``last`` is the newest finished picture with the host's settings text.
    """

    def __init__(self, total: int, report: Callable[[int, int], bool] | None = None) -> None:
        self.stopped = False
        self.last: Portrait | None = None
        self._total = max(total, 1)
        self._report = report
        self._reached = 0
        self._reported = 0

    def go_on(self) -> bool:
        """Whether the next part of the work may begin."""
        self._tell(self._reached)
        return not self.stopped

    def reach(self, done: int) -> None:
        """Count everything up to step ``done`` of the recipe as finished, also what had to be left out."""
        self._reached = min(max(done, self._reached), self._total)

    def finish(self) -> None:
        """Count the whole recipe as finished, and tell it."""
        self.reach(self._total)
        self._tell(self._total)

    def generate(self, host: Host, job: Job, steps: int) -> Sequence[Image.Image]:
        """The finished RGB pictures of a pass that counts ``steps``; fewer than asked for when it was interrupted.

        Raises Cancelled when none is finished.
        """
        if not self.go_on():
            raise Cancelled("It was stopped.")
        finished = host.generate(job, progress=lambda done, total: self._tell(self._share(steps, done, total)))
        self.stopped = self.stopped or len(finished) < job.count
        if not finished:
            raise Cancelled("It was stopped.")
        self.reach(self._reached + steps)
        self.last = finished[-1]
        return [one.picture.convert("RGB") for one in finished]

    def _share(self, steps: int, done: int, total: int) -> int:
        """How far the recipe is when a pass that counts ``steps`` is at ``done`` of ``total``."""
        return self._reached + steps * min(done, total) // max(total, 1)

    def _tell(self, done: int) -> bool:
        self._reported = max(done, self._reported)
        if self._report is not None and not self._report(min(self._reported, self._total), self._total):
            self.stopped = True
        return not self.stopped
