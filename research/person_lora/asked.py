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
_EXACT = 1e-9


def asked_and_found(cells: Sequence[Cell]) -> list[str]:
    """A table in Markdown of the bounds for which there are cells: asked, found, and whether it holds."""
    rows = []
    for count, least in FOUND_ALONE.items():
        mean = _mean([one for one in cells if one.pictures == count], "LoRA", "retrieval")
        if mean is not None:
            rows.append(
                (f"found by the LoRA alone, from {count}", f"{least:.0%}", f"{mean:.0%}", mean >= least - _EXACT)
            )
    every = [one for one in cells if "FACT" in one.scores and "neither" in one.scores]
    fact, plain, words = (
        _mean(every, "FACT", "retrieval"), _mean(every, "neither", "words"), _mean(every, "LoRA", "words")
    )  # fmt: skip
    together = {arm: mean for arm in BESIDE_FACT if (mean := _mean(every, arm, "retrieval")) is not None}
    if fact is not None and together:
        arm = max(together, key=lambda name: together[name])
        gain = together[arm] - fact
        asked = f"{ABOVE_FACT * 100:.0f} points"
        found = f"{gain * 100:+.0f} points (*{arm}*, the best of {len(together)})"
        rows.append(("FACT and LoRA together above FACT alone", asked, found, gain >= ABOVE_FACT - _EXACT))
    if plain is not None and words is not None:
        asked = f"at most {WORDS_BELOW * 100:.0f} points lost"
        rows.append(("words of the LoRA alone against neither", asked, f"{(words - plain) * 100:+.0f} points",
                     words >= plain - WORDS_BELOW - _EXACT))  # fmt: skip
    best = [one.best.retrieval for one in cells if one.best is not None and one.average is not None]
    average = [one.average.retrieval for one in cells if one.best is not None and one.average is not None]
    if best:
        gain = float(np.mean(average) - np.mean(best))
        rows.append(("the average against the best step", "no worse", f"{gain * 100:+.0f} points", gain >= -_EXACT))
    lines = ["| asked for | at least | found | holds |", "|---|---|---|---|"]
    return lines + [
        f"| {what} | {asked} | {found} | {'yes' if holds else 'no'} |" for what, asked, found, holds in rows
    ]


def _mean(cells: Sequence[Cell], arm: str, name: str) -> float | None:
    values = [float(getattr(one.scores[arm], name)) for one in cells if arm in one.scores]
    return float(np.mean(values)) if values else None
