"""An error in the adapter's part of a step ends the adapter, not the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from facechain_ext.devices import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class StepGuard:
    """Runs the adapter's part of each step; after its first failure it runs nothing any more.

    ``on_failure`` is called once with that failure; with None every error is raised. A lack of memory is always
    raised, because the host handles it, and so is what is no Exception, such as KeyboardInterrupt.
    """

    def __init__(self, on_failure: Callable[[Exception], None] | None = None) -> None:
        self._on_failure = on_failure
        self.failed = False

    def fail(self, error: Exception) -> None:
        """Run nothing any more, because of ``error``; raises it where there is nobody to tell."""
        if self.failed:
            return
        self.failed = True
        if self._on_failure is None:
            raise error
        self._on_failure(error)

    def run(self, part: Callable[[], T | None]) -> T | None:
        """What ``part`` gives; None when it fails or something before it has."""
        if self.failed:
            return None
        try:
            return part()
        except Exception as error:
            if self._on_failure is None or is_out_of_memory(error):
                raise
            self.failed = True
            self._on_failure(error)
            return None
