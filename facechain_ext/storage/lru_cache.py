"""A cache of values under keys that drops the least recently used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

V = TypeVar("V")


class LRUCache(Generic[V]):
    """Drops the least recently used values while the sum of their sizes exceeds ``capacity``; safe between threads.

    ``size`` measures a value in the unit of ``capacity``; by default values are counted. A value larger than
    ``capacity`` is not stored, and empties the cache.
    """

    def __init__(self, capacity: int, size: Callable[[V], int] = lambda _value: 1) -> None:
        self._capacity, self._size = capacity, size
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> V | None:
        """The value stored under ``key``, or None; it becomes the most recently used."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: Hashable, value: V) -> None:
        """Store ``value`` under ``key``, then drop values until the rest fits."""
        with self._lock:
            self._values[key] = value
            while sum(map(self._size, self._values.values())) > self._capacity:
                self._values.popitem(last=False)

    def clear(self) -> None:
        """Drop every value."""
        with self._lock:
            self._values.clear()
