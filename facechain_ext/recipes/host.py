"""What recipes ask of the owner of the diffusion model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.recipes.job import Job, Portrait


class Host(Protocol):
    """Whatever owns the diffusion model."""

    @property
    def name(self) -> str:
        """What it is called in notes."""
        ...

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> Sequence[Portrait]:
        """Make the pictures of ``job``.

        ``ready`` is called with each of them as soon as it is finished, by hosts that know it then.
        ``progress(step, steps)`` is called as the work goes on; when it returns False the host stops and returns what
        is finished. Raises HostError when the job cannot be done with what is loaded.
        """
        ...
