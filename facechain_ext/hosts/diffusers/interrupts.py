"""Ctrl-C as a wish to stop: what is finished is kept."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def interrupt_requests() -> Iterator[Callable[[], bool]]:
    """Inside the block the first Ctrl-C is only noted, and the function that is given says so; a second one interrupts.

    Outside the main thread, where signals cannot be caught, it says False for ever.
    """
    asked = False

    def note(_signal: int, _frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
