"""What was made last, kept by what it was made of, so that the same is not made twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

V = TypeVar("V")


class LRUCache(Generic[V]):
    """The values that were last asked for; those asked for longest ago go when all together exceed ``most``.

    ``size`` says how much of it a value takes; by default they are counted. Safe between threads.
    """

    def __init__(self, most: int, size: Callable[[V], int] = lambda _value: 1) -> None:
        self._most, self._size = most, size
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> V | None:
        """The value that is kept under ``key``, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def keep(self, key: Hashable, value: V) -> None:
        """Keep a value, and drop what is too much."""
        with self._lock:
            self._values[key] = value
            while sum(map(self._size, self._values.values())) > self._most:
                self._values.popitem(last=False)

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._values.clear()
