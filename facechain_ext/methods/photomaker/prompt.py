"""The class word of a prompt, repeated once for each ID embedding that takes the place of a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class ExpandedTokens:
    """Token ids of a prompt with its class word repeated; ``class_tokens`` marks the copies, one truth value an id."""

    ids: tuple[int, ...]
    class_tokens: tuple[bool, ...]


def expand_class_token(ids: Sequence[int], index: int, copies: int, *, room: int = 75) -> ExpandedTokens:
    """Repeat the id at ``index`` ``copies`` times, in place.

    ``ids`` are those of one chunk without start, end and padding; what is over ``room`` (75 in CLIP) is cut off behind
    the copies, as published. Raises InputError when the copies themselves do not fit.
    """
    if not 0 <= index < len(ids):
        raise InputError(f"The prompt has {len(ids)} tokens; there is no class word at {index}.")
    if copies < 1 or index + copies > room:
        raise InputError(
            f"The class word and its {copies} copies do not fit into {room} tokens behind {index} others. "
            "Put the class word nearer to the start of the prompt, or use fewer photos."
        )
    expanded = [*ids[:index], *[ids[index]] * copies, *ids[index + 1 :]][:room]
    return ExpandedTokens(tuple(expanded), tuple(index <= n < index + copies for n in range(len(expanded))))
