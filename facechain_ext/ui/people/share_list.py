"""The shares of the cards of a mix, a slider for each chosen card; ``javascript/facechain_tabs.js`` reads them.

Plain HTML, because a webui builds each gradio slider while it opens, for cards that nobody has chosen yet.
"""

from __future__ import annotations

import html
import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EQUAL = 50.0
"""The share of a card that was just chosen; only the ratio counts."""


def share_list_html(names: Sequence[str], shares: Sequence[float]) -> str:
    """A slider from 0 to 100 for each card; ``shares`` are their positions, ``EQUAL`` where there is none yet."""
    rows = []
    for number, name in enumerate(names, 1):
        share = shares[number - 1] if number <= len(shares) else EQUAL
        field = f"facechain_people_share_{number}"
        rows.append(
            f"<div><label for='{field}'>{html.escape(name)}</label>"
            f"<input type='range' id='{field}' min='0' max='100' step='1' value='{share:g}'></div>"
        )
    return f"<div class='facechain-share-list'>{''.join(rows)}</div>"


def read_shares(text: str | None, count: int) -> list[float]:
    """The shares of ``count`` cards in the JSON ``text``, 0 to 100; ``EQUAL`` for what is no number there."""
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        found = []
    shares = [_share(one) for one in found[:count]] if isinstance(found, list) else []
    return [*shares, *[EQUAL] * (count - len(shares))]


def _share(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return min(max(float(value), 0.0), 100.0)
    return EQUAL
