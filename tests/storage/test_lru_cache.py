"""The cache drops the least recently used values, and stays within its capacity."""

from __future__ import annotations

from facechain_ext.storage.lru_cache import LRUCache


def test_the_least_recently_used_value_is_dropped_first():
    cache: LRUCache[int] = LRUCache(3)
    for key in "abc":
        cache.put(key, ord(key))
    assert cache.get("a") == ord("a")
    cache.put("d", ord("d"))
    assert [key for key in "abcd" if cache.get(key) is not None] == ["a", "c", "d"]
    assert cache.get("none") is None
    assert len(cache) == 3


def test_values_are_bounded_by_their_sizes_together():
    cache: LRUCache[bytes] = LRUCache(10, len)
    cache.put(1, bytes(6))
    cache.put(2, bytes(4))
    assert len(cache) == 2
    cache.put(3, bytes(1))
    assert cache.get(1) is None
    assert len(cache) == 2
    cache.put(4, bytes(11))  # larger than the capacity
    assert len(cache) == 0


def test_a_value_that_is_put_again_counts_once_and_clear_drops_all():
    cache: LRUCache[bytes] = LRUCache(10, len)
    cache.put(1, bytes(6))
    cache.put(1, bytes(7))
    assert len(cache) == 1
    cache.clear()
    assert cache.get(1) is None
