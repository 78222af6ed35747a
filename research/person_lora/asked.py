"""What was asked of people's LoRAs, and what a measurement found of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from research.person_lora.cell import BESIDE_FACT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from research.person_lora.cell import Cell

FOUND_ALONE = {15: 0.60, 5: 0.50, 1: 0.25}
"""Least retrieval by the LoRA alone from so many pictures."""
ABOVE_FACT, WORDS_BELOW = 0.08, 0.05
"""Least gain in retrieval of both against FACT alone, and most loss in words of the LoRA alone against neither."""
PEOPLE_ASKED = 8
"""People in each of these means; of fewer, the means are no answer."""
_EXACT = 1e-9


def asked_and_found(cells: Sequence[Cell]) -> list[str]:
    """A table in Markdown of the bounds for which there are cells: asked, found, for how many people, and if it holds.

    The retrieval by the better of all ways of both is chosen among them afterwards, which favours it.
    """
    rows: list[tuple[str, str, str, int, bool]] = []
    for count, least in FOUND_ALONE.items():
        alone = _values([one for one in cells if one.pictures == count], "LoRA", "retrieval")
        if alone:
            mean = float(np.mean(alone))
            what = f"found by the LoRA alone, from {count}"
            rows.append((what, f"{least:.0%}", f"{mean:.0%}", len(alone), mean >= least - _EXACT))
    every = [one for one in cells if set(BESIDE_FACT) | {"FACT", "neither", "LoRA"} <= set(one.scores)]
    if every:
        arm = max(BESIDE_FACT, key=lambda name: float(np.mean(_values(every, name, "retrieval"))))
        gain = _difference(_values(every, arm, "retrieval"), _values(every, "FACT", "retrieval"))
        asked = f"{ABOVE_FACT * 100:.0f} points"
        found = f"{gain * 100:+.1f} points (*{arm}*, the best of {len(BESIDE_FACT)})"
        rows.append(("FACT and LoRA together above FACT alone", asked, found, len(every), gain >= ABOVE_FACT - _EXACT))
        lost = _difference(_values(every, "neither", "words"), _values(every, "LoRA", "words"))
        asked, found = f"at most {WORDS_BELOW * 100:.0f} points lost", f"{0.0 - lost * 100:+.1f} points"
        rows.append(("words of the LoRA alone against neither", asked, found, len(every), lost <= WORDS_BELOW + _EXACT))
    averages = [(one.average.retrieval, one.best.retrieval) for one in cells if one.average and one.best]
    if averages:
        gain = _difference(*zip(*averages, strict=True))
        found = f"{gain * 100:+.1f} points"
        rows.append(("the average against the best step", "no worse", found, len(averages), gain >= -_EXACT))
    lines = [f"{PEOPLE_ASKED} people were asked for; of fewer, a mean says little.", ""]
    lines += ["| asked for | at least | found | people | holds |", "|---|---|---|---|---|"]
    answer = {True: "yes", False: "no"}
    return lines + [f"| {' | '.join(map(str, row[:4]))} | {answer[row[4]]} |" for row in rows]


def _difference(these: Sequence[float], those: Sequence[float]) -> float:
    return float(np.mean(these) - np.mean(those))


def _values(cells: Sequence[Cell], arm: str, name: str) -> list[float]:
    return [float(getattr(one.scores[arm], name)) for one in cells if arm in one.scores]
