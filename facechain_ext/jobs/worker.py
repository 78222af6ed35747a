"""The worker: makes the pictures of a request on any host, one request at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.jobs.job_request import RECIPES
from facechain_ext.jobs.recipes.recipe import RecipeContext, RequestPeople
from facechain_ext.recipes.shared_progress import host_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.jobs.job_request import JobRequest
    from facechain_ext.jobs.worker_types import RequestResult, Sources, WorkerHost


class RequestWorker:
    """Makes requests on ``host``; people and their identities are kept for the requests that follow."""

    def __init__(self, host: WorkerHost, sources: Sources) -> None:
        self._host, self._sources = host, sources
        self._people = RequestPeople(host, sources)

    def make(
        self, job_request: JobRequest, progress: Callable[[int, int], bool] | None = None, *, strict: bool = False
    ) -> RequestResult:
        """Make the pictures of ``job_request``.

        ``progress(step, steps)`` ends the work when it returns False; what is finished is returned. Raises
        FaceChainError when the request cannot be done, and where it is ``strict`` when something would be left out.
        """
        context = RecipeContext(self._host, self._sources, self._people, host_progress(self._host, progress), strict)
        made = RECIPES[job_request.recipe].run(job_request.facts, context)
        context.check_left_out(made.left_out)
        return made
