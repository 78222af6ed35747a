"""Values of a request that JSON cannot hold: the host repeats every request in its answer, and fails on some."""

from __future__ import annotations

from facechain_ext.text_values import shorten

_MAX_DEPTH = 32
"""Levels of nested lists and objects that are repeated; the settings have three."""
_INTEGERS = range(-(2**63), 2**64)
"""Integers that the host's JSON can hold."""


def make_json_safe(values: dict[str, object]) -> None:
    """Replace every value in ``values`` that the host cannot repeat by a short text, which is refused later on.

    Works in place, because the host repeats this very object.
    """
    for name, value in values.items():
        values[name] = value if _is_json_safe(value) else shorten(value)


def _is_json_safe(value: object) -> bool:
    """Whether the host can send a value back; reads at most _MAX_DEPTH levels."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        if any(isinstance(item, int) and item not in _INTEGERS for item in level):
            return False
        level = [inner for item in level for inner in _items(item)]
        if not level:
            return True
    return False


def _items(value: object) -> list[object]:
    """The values inside a list or object; none for any other value."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []
