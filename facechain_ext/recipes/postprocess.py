"""What is done with a finished picture, done while the next one is made."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.recipes.job import Portrait

T = TypeVar("T")


class PostprocessPipeline(Generic[T]):
    """Does ``work`` with each picture, one after the other, in a thread beside the generation.

    Worth it where a GPU makes the pictures and the work is the processor's; with ``beside`` False everything is done at
    the end, in the thread that asks.
    """

    def __init__(self, work: Callable[[Portrait], T], *, beside: bool) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, "facechain-finish") if beside else None
        self._submitted: list[tuple[Portrait, Future[T]]] = []

    def __enter__(self) -> PostprocessPipeline[T]:
        return self

    def __exit__(self, *_: object) -> None:
        """Let what is being done end; what has not begun is not done any more."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def submit(self, portrait: Portrait) -> None:
        """Begin with a picture that is finished; harmless for hosts that tell of none."""
        if self._thread is not None:
            self._submitted.append((portrait, self._thread.submit(self._work, portrait)))

    def results(self, portraits: Sequence[Portrait]) -> list[T]:
        """What ``work`` gives for each of ``portraits``; those that were not taken before are done now.

        Raises what ``work`` raises.
        """
        return [self._result(portrait) for portrait in portraits]

    def _result(self, portrait: Portrait) -> T:
        for submitted, future in self._submitted:
            if submitted is portrait:
                return future.result()
        return self._work(portrait)
