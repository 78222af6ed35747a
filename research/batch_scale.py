"""Simulation of a batch on many workers, from measured times of items: how well they are used."""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MIN_ROWS = 5
"""Rows from which a spread can be told."""


@dataclass(frozen=True)
class Outcome:
    """``seconds`` until the last item is done; ``efficiency`` is work divided by workers x seconds, 0..1."""

    seconds: float
    efficiency: float


def measured_seconds(folder: Path) -> list[float]:
    """Seconds of the items of a batch's folder of results, without the first of each worker, which loads the models.

    Raises ValueError with fewer than five.
    """
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((folder / "rows").glob("*.json"))]
    slowest: dict[str, float] = {}
    for row in rows:
        slowest[row["worker"]] = max(slowest.get(row["worker"], 0.0), row["seconds"])
    seconds = [row["seconds"] for row in rows if not row["error"] and row["seconds"] != slowest[row["worker"]]]
    if len(seconds) < _MIN_ROWS:
        raise ValueError(f"{folder} has {len(seconds)} items that tell of their time; {_MIN_ROWS} are needed")
    return seconds


def simulate(
    measured: Sequence[float],
    *,
    workers: int,
    items: int,
    overhead: float = 0.05,
    start: float = 0.0,
    lost_each: float = 0.0,
    seed: int = 0,
) -> Outcome:
    """A batch of ``items`` whose times are drawn from ``measured``: whoever is free takes the next.

    ``overhead`` seconds an item go for handing over and writing, ``start`` for loading the models once a worker.
    ``lost_each`` is the share of items whose worker is lost half-way: the item begins anew elsewhere, and the worker
    comes back after ``start``.
    """
    rng = random.Random(seed)  # noqa: S311 - a simulation, no secret
    free = [start] * workers
    heapq.heapify(free)
    work = 0.0
    left = items
    end = 0.0
    while left:
        at = heapq.heappop(free)
        seconds = rng.choice(measured)
        if rng.random() < lost_each:
            heapq.heappush(free, at + seconds / 2 + start)
            continue
        left -= 1
        work += seconds
        done = at + seconds + overhead
        end = max(end, done)
        heapq.heappush(free, done)
    return Outcome(end, work / (workers * end))
