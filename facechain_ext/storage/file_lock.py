"""Locks between processes, held through a file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TIMEOUT = 10.0
"""Seconds to wait for a lock that is held only while a small file is rewritten."""


@contextmanager
def file_lock(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of ``path``, an empty file that stays there; makes its folder.

    ``on_wait`` is called before each further attempt while another process holds the lock: it pauses, and may raise to
    give up. Without it, raises TimeoutError after ``TIMEOUT`` seconds. Raises OSError when the file cannot be made.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - optional: comes with torch, and only downloads need it

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=TIMEOUT if on_wait is None else 0)
            break
        except Timeout:
            if on_wait is None:
                raise
            on_wait()
    try:
        yield
    finally:
        lock.release()
