"""The budget of a comparison, and the variants that are compared."""

from __future__ import annotations

from dataclasses import dataclass

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Budget:
    """The budget: rendered persons and photos to train on, training steps, and persons to measure.

    ``eval_net_*`` are the training of the eval net, whose persons no adapter is trained on. ``held_out`` persons form
    the gallery and are generated ``each`` times; ``mixed_pairs`` pairs of them are mixed. ``side`` is in pixels.
    """

    persons: int = 200
    photos: int = 8
    steps: int = 2000
    batch: int = 8
    rate: float = 5e-4
    fair: float = 0.01
    eval_net_persons: int = 3000
    eval_net_photos: int = 4
    eval_net_steps: int = 3000
    held_out: int = 100
    each: int = 2
    mixed_pairs: int = 16
    draw_steps: int = 12
    cfg: float = 3.0
    side: int = 96
    seed: int = 0


@dataclass(frozen=True)
class Variant:
    """One adapter variant; ``parallel`` is the decoupled cross-attention baseline."""

    name: str
    parallel: bool = False
    fair: bool = True
    shuffle: bool = True


VARIANTS = (
    Variant("serial, FAIR, shuffle (ours)"),
    Variant("ours without FAIR", fair=False),
    Variant("ours without shuffle", shuffle=False),
    Variant("parallel cross-attention", parallel=True, fair=False),
)
