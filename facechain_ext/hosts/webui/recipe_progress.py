"""A recipe of several generations as one job of the webui's own progress bar."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facechain_ext.hosts.webui.host_types import Processing, State

current_recipe: ContextVar[RecipeProgress | None] = ContextVar("current_recipe", default=None)
"""The recipe that holds the webui's queue in this context."""


class RecipeProgress:
    """Counts a recipe in ``state`` once, over all its generations; never backwards.

    The webui shows ``(job_no + sampling_step / sampling_steps) / job_count``. It sets ``job_count`` only where that is
    -1, adds 1 to ``job_no`` after each pass of the sampler, and doubles ``job_count`` for a second pass unless
    ``processing_has_refined_job_count``. Here a recipe's step counts as one job, so that what the webui adds by itself
    is at most a step. A recipe of one generation is counted by the webui, as its Interrupt button reads ``job_count``.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._generation = 0
        self._total = 0

    def begin_generation(self, steps: int) -> None:
        """Begin a generation that samples at most ``steps`` in all."""
        self._generation = steps
        state = self._state
        if not self._total:
            state.job_count, state.job_no, state.processing_has_refined_job_count = -1, 0, False
        elif state.sampling_step:  # of a pass that did not end
            state.job_no += 1
        state.sampling_step = 0

    def show(self, done: int, total: int) -> None:
        """Show that ``done`` of the recipe's ``total`` steps are sampled."""
        if not self._generation or (not self._total and total <= self._generation):
            return
        state = self._state
        reached = -(-state.job_no * total // self._total) if self._total else 0
        self._total = total
        state.processing_has_refined_job_count = True
        state.job_count, state.job_no = total, min(max(done, reached), total)


_RESERVED = "_facechain_reserved_passes"
"""The attribute of a generation that says whether ``reserve_repairs`` has counted its repairs."""


def reserve_repairs(p: Processing, state: State, people: int) -> None:
    """Count a repair of ``people`` faces for each picture of ``p``, unless something else has counted the job."""
    reserved = people > 0 and state.job_count == -1
    setattr(p, _RESERVED, reserved)
    if reserved:
        passes = 2 if getattr(p, "enable_hr", False) else 1
        state.job_count = p.n_iter * (passes + p.batch_size * people)
        state.processing_has_refined_job_count = True


@contextmanager
def repairs_counted(p: Processing, state: State, people: int) -> Iterator[None]:
    """Count the repairs of a picture in the block, after the host's pass that has made it.

    As many count as were reserved, also where fewer faces are found; repairs that were not are added to the job.
    """
    if not getattr(p, _RESERVED, False):
        state.job_count = max(state.job_count, 1) + people
    end = state.job_no + people
    try:
        yield
    finally:
        state.sampling_step = 0
        state.job_no = max(state.job_no, end)
