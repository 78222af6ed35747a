"""What goes wrong in the face's part of a step ends the face, not the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from facechain_ext.devices import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class StepGuard:
    """Runs the face's part of each step; after its first failure it runs nothing any more.

    ``on_failure`` is told of that failure once; None lets every error out. A lack of memory always gets out, because
    the host has its own answer to it, and so does what is no Exception, such as an interruption.
    """

    def __init__(self, on_failure: Callable[[Exception], None] | None = None) -> None:
        self._on_failure = on_failure
        self.failed = False

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
