"""The training plan: every setting that determines the tiny models."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

VELOCITY = 20.0
"""Bound of the weight 1 + 1 / SNR of a step (see LossWeighting).

With it all steps from 100 to 900 have about the same loss. Under Min-SNR (arXiv 2303.09556), which only reduces the
weight of steps with little noise, 7000 updates learned no colours of clothes, and 1500 of an adapter no identity.
"""
FACE_WEIGHT = 4.0
"""Weight of the error on the face, which covers a tenth of these pictures, against 1 elsewhere."""


@dataclass(frozen=True)
class Schedule:
    """``steps`` updates over ``batch`` rows.

    ``rate`` rises over ``warm_up`` steps, then falls as a cosine to a hundredth of itself. ``ema`` is the decay of the
    averaged weights, which are the result.
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
        """The decay of the averaged weights: small at first, so that they forget the random initialisation."""
        return min(self.ema, (1 + step) / (10 + step))


@dataclass(frozen=True)
class Plan:
    """Everything that determines the tiny models: pictures, seed, and the schedule of each part.

    ``persons`` are rendered ``each`` times at ``side`` pixels, from person seed 0 on; seeds from HELD_OUT on are never
    trained on. U-Net, adapter and ControlNet are trained on the first ``painted`` of them, whose pictures are encoded.
    Of ``loras`` only steps, batch and rate are used, for each of the two.
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

    def as_dict(self) -> dict[str, object]:
        """Every number by name."""
        return asdict(self)


PLAN = Plan()
"""A training from random weights. The models that ship came in several steps: see docs/research/findings.md; the
``plan.json`` beside them holds the last step."""
