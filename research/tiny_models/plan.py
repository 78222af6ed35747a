"""What is trained for how long: the whole plan as facts, so that a training can be repeated."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

VELOCITY = 20.0
"""Bound of the weight 1 + 1 / SNR of a step (see Emphasis).

With it every step from 100 to 900 has about the same loss. Under Min-SNR (arXiv 2303.09556), which only takes weight
from steps with little noise, 7000 updates taught no colours of clothes, and 1500 of an adapter nothing of the face.
"""
FACE_WEIGHT = 4.0
"""The face is a tenth of these pictures."""


@dataclass(frozen=True)
class Schedule:
    """``steps`` updates over ``batch`` rows.

    ``rate`` rises over ``warm_up`` steps, then falls as a cosine to a hundredth of itself. ``ema`` is the decay of the
    averaged weights, which are what comes out.
    """

    steps: int
    batch: int
    rate: float
    warm_up: int = 100
    ema: float = 0.995
    weight_decay: float = 0.01
    clip: float = 1.0

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        share = (step - self.warm_up) / max(self.steps - self.warm_up, 1)
        return self.rate * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))))

    def decay_at(self, step: int) -> float:
        """The decay of the averaged weights: small at first, so that they do not remember the random beginning."""
        return min(self.ema, (1 + step) / (10 + step))


@dataclass(frozen=True)
class Plan:
    """Everything that determines the small models: pictures, seed, and the schedule of each part.

    ``persons`` are drawn ``each`` times at ``side`` pixels, from person seed 0 on; those from HELD_OUT on are never
    trained on. The U-Net and what is around it see the first ``painted`` of them: encoding takes its time. Of ``loras``
    only steps, batch and rate count, for each of the two.
    """

    persons: int = 10_000
    each: int = 4
    painted: int = 10_000
    side: int = 96
    seed: int = 0
    vae: Schedule = field(default_factory=lambda: Schedule(9000, 4, 1e-3, ema=0.998))
    encoder: Schedule = field(default_factory=lambda: Schedule(2400, 48, 1e-3, ema=0.99, weight_decay=0.05))
    base: Schedule = field(default_factory=lambda: Schedule(11_000, 16, 7e-4, ema=0.997))
    adapter: Schedule = field(default_factory=lambda: Schedule(1000, 16, 5e-4, ema=0.998))
    control: Schedule = field(default_factory=lambda: Schedule(450, 16, 5e-4, ema=0.99))
    loras: Schedule = field(default_factory=lambda: Schedule(300, 4, 1e-3))
    save_every: int = 200

    def as_dict(self) -> dict[str, Any]:
        """Every number by name."""
        return asdict(self)


PLAN = Plan()
"""A training from random weights. The models that ship came in several steps: see docs/research/findings.md; the
``plan.json`` beside them holds the last step."""
