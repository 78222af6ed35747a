"""What is kept, and what goes when it is too much."""

from __future__ import annotations

from facechain_ext.storage.lru_cache import LRUCache


def test_what_was_asked_for_longest_ago_goes_first():
    kept: LRUCache[int] = LRUCache(3)
    for key in "abc":
        kept.put(key, ord(key))
    assert kept.get("a") == ord("a")
    kept.put("d", ord("d"))
    assert [key for key in "abcd" if kept.get(key) is not None] == ["a", "c", "d"]
    assert kept.get("none") is None
    assert len(kept) == 3


def test_values_are_bounded_by_their_sizes_together():
    kept: LRUCache[bytes] = LRUCache(10, len)
    kept.put(1, bytes(6))
    kept.put(2, bytes(4))
    assert len(kept) == 2
    kept.put(3, bytes(1))
    assert kept.get(1) is None
    assert len(kept) == 2
    kept.put(4, bytes(11))  # larger than everything that may be kept
    assert len(kept) == 0


def test_a_value_that_is_kept_again_counts_once_and_forgetting_forgets():
    kept: LRUCache[bytes] = LRUCache(10, len)
    kept.put(1, bytes(6))
    kept.put(1, bytes(7))
    assert len(kept) == 1
    kept.clear()
    assert kept.get(1) is None
