"""Requests and hyperparameters of a style training, and the differences between two trainings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATE = "style-state.safetensors"
"""The file from which a training is resumed."""
TRAINING_ID = "facechain.training"
"""Metadata key with which state and LoRA name their training."""
NOTHING_LOST = "The training is saved up to step {step}. Free some space, then go on with it."
"""The remedy when a file cannot be written."""


@dataclass(frozen=True)
class StyleSettings:
    """Hyperparameters of a style training: ``size`` in pixels, ``preview_every`` and ``save_every`` in steps."""

    steps: int = 1500
    batch: int = 1
    rate: float = 1e-4
    rank: int = 16
    size: int = 512
    seed: int = 0
    save_every: int = 250
    preview_every: int = 250

    def __post_init__(self) -> None:
        if self.size % 64 or self.size < 64:
            raise ValueError(f"The size is {self.size}; use a multiple of 64.")
        if min(self.steps, self.batch, self.rank, self.save_every, self.preview_every) < 1:
            raise ValueError("Steps, batch, rank and the steps between saving and previews are 1 or more.")


@dataclass(frozen=True)
class StyleRequest:
    """What is learned: the ``checkpoint``, the folder of ``pictures``, the ``name`` of the style, its ``trigger``.

    ``work`` is the training's own folder, ``loras`` the host's LoRA folder (ours when None). With ``catalogue`` it
    becomes one of the user's own styles.
    """

    checkpoint: Path
    pictures: Path
    name: str
    trigger: str
    work: Path
    loras: Path | None = None
    vae: Path | None = None
    catalogue: bool = True


def differences(earlier: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The settings that prevent resuming, each as a phrase with its earlier and its current value."""
    names = {"rate": "learning rate", "rank": "rank", "size": "size", "seed": "seed", "batch": "batch",
             "trigger": "trigger word"}  # fmt: skip
    words = [
        f"the {name} was {earlier[key]} and is {now[key]} now"
        for key, name in names.items()
        if key in earlier and earlier[key] != now[key]
    ]
    if earlier.get("checkpoint") != now["checkpoint"]:
        before, after = earlier.get("checkpoint_name", "another file"), now["checkpoint_name"]
        same = before == after
        words.append(
            f"the checkpoint {after} is another file than it was then" if same
            else f"the checkpoint was {before} and is {after} now"
        )  # fmt: skip
    return words
