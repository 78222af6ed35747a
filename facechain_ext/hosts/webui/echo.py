"""Values of a request that the host cannot send back: it repeats every request in its answer, and fails on some."""

from __future__ import annotations

from typing import Any

from facechain_ext.text_values import shorten

_DEEPEST = 32
"""Lists and objects within each other that are repeated; ours have three."""
_INTEGERS = range(-(2**63), 2**64)
"""Integers that the host's JSON can hold."""


def make_repeatable(asked: dict[str, Any]) -> None:
    """Put a short text in place of every value in ``asked`` that the host cannot repeat; each is refused later on.

    Works on the request itself, as that is what the host repeats.
    """
    for name, value in asked.items():
        asked[name] = value if _repeatable(value) else shorten(value)


def _repeatable(value: Any) -> bool:
    """Whether the host can send a value back; looks at no more than _DEEPEST levels."""
    level = [value]
    for _ in range(_DEEPEST):
        if any(isinstance(one, int) and one not in _INTEGERS for one in level):
            return False
        level = [inner for one in level if isinstance(one, (dict, list, tuple)) for inner in _inside(one)]
        if not level:
            return True
    return False


def _inside(container: Any) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else list(container)
