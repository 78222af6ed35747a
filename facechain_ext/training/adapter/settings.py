"""The settings of a training of the face adapter; they go into the adapter's metadata."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Literal

from facechain_ext.errors import InputError
from facechain_ext.training.adapter.loss import FAIR_WEIGHT, LossWeighting

Precision = Literal["no", "fp16", "bf16"]

_MAY_CHANGE = frozenset({"steps", "save_every", "preview_every"})
"""Settings that a training may be resumed with other values of; all others would make it another training."""

_WITHOUT = {"face_weight": 1.0, "velocity": 0.0}
"""What a training had that does not mention them: it was begun before they could be set."""


@dataclass(frozen=True)
class Settings:
    """How the adapter is trained.

    ``steps`` counts updates, each over ``batch`` photos times ``accumulate`` times the number of processes. ``rate``
    rises in a line over the first ``warm_up`` steps. ``fair`` is lambda. ``face_drop`` and ``text_drop`` are the shares
    of rows that get no face and no words. ``shuffle`` shows the encoder another photo of the same person than the
    target. ``ema`` is the decay of the averaged weights that are saved. ``gate`` is the first value of every alpha, 0
    in the published training. ``clip`` is the largest norm of the gradient. ``face_weight`` is what the error on the
    face counts for against 1 elsewhere, ``velocity`` bounds how much more steps with much noise count (see Emphasis;
    1 and 0 are the published training).
    """

    steps: int = 10_000
    batch: int = 8
    accumulate: int = 1
    rate: float = 1e-4
    warm_up: int = 500
    weight_decay: float = 0.01
    clip: float = 1.0
    fair: float = FAIR_WEIGHT
    face_drop: float = 0.1
    text_drop: float = 0.1
    shuffle: bool = True
    ema: float = 0.999
    gate: float = 0.0
    face_weight: float = 1.0
    velocity: float = 0.0
    precision: Precision = "no"
    checkpointing: bool = False
    seed: int = 0
    save_every: int = 500
    preview_every: int = 500

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulate", "save_every", "preview_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        for name in ("face_drop", "text_drop", "ema"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"{name} is {getattr(self, name)}; it is a share from 0 to 1.")
        for name in ("face_weight", "velocity"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 0 or more.")

    @property
    def weighting(self) -> LossWeighting | None:
        """What counts more than the rest; None where everything counts alike."""
        return (
            LossWeighting(self.face_weight, self.velocity) if (self.face_weight, self.velocity) != (1.0, 0.0) else None
        )

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.rate * min(1.0, (step + 1) / max(self.warm_up, 1))

    def decay_at(self, step: int) -> float:
        """The decay of the averaged weights: small at first, so that they do not remember the random beginning."""
        return min(self.ema, (1 + step) / (10 + step))

    def as_dict(self) -> dict[str, object]:
        """Every setting by name."""
        return asdict(self)

    def differences(self, earlier: dict[str, object]) -> list[str]:
        """What would make a resumed training another one, in words; empty when nothing would."""
        names = [field.name for field in fields(self) if field.name not in _MAY_CHANGE]
        return [
            f"{name} was {earlier.get(name)}, now {getattr(self, name)}"
            for name in names
            if earlier.get(name, _WITHOUT.get(name)) != getattr(self, name)
        ]
