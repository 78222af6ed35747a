"""What a comparison spends and what it compares."""

from __future__ import annotations

from dataclasses import dataclass

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Budget:
    """What is spent: drawn people and photos to train on, steps, and people that are measured.

    ``judge_persons`` are people that no adapter is trained on. ``held_out`` people make the gallery and are drawn
    ``each`` times; ``mixed_pairs`` pairs of them are mixed. ``side`` is that of the pictures.
    """

    persons: int = 200
    photos: int = 8
    steps: int = 2000
    batch: int = 8
    rate: float = 5e-4
    fair: float = 0.01
    judge_persons: int = 3000
    judge_photos: int = 4
    judge_steps: int = 3000
    held_out: int = 100
    each: int = 2
    mixed_pairs: int = 16
    draw_steps: int = 12
    cfg: float = 3.0
    side: int = 96
    seed: int = 0


@dataclass(frozen=True)
class Variant:
    """One way to put a face in; ``parallel`` is the baseline beside the text's cross-attention."""

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
