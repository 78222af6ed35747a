"""Requests and hyperparameters of a LoRA's training, and the differences between two trainings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LoraPrecision = Literal["no", "bf16"]
STATE = "style-state.safetensors"
"""The file from which a training is resumed, in trainings of people and things too."""
TRAINING_ID = "facechain.training"
"""Metadata key with which state and LoRA name their training."""
NOTHING_LOST = "The training is saved up to step {step}. Free some space, then go on with it."
"""The remedy when a file cannot be written."""


@dataclass(frozen=True)
class LoraSettings:
    """Hyperparameters of a LoRA: ``size`` in pixels, ``preview_every`` and ``save_every`` in steps.

    ``alpha`` divided by ``rank`` scales the layers; None means the rank. ``schedule`` is the learning rate over the
    steps. With ``text_encoder`` its layers learn too (SD1.5). ``flip`` mirrors half of the pictures. ``face_weight`` is
    what the error on the face counts for against 1 elsewhere, ``velocity`` bounds how much more steps with much noise
    count (1 + 1 / SNR; 0 counts all alike). ``precision`` is what the U-Net computes in, ``checkpointing`` takes less
    memory for more time. ``reward`` is what the likeness of drawn pictures counts for in every fourth of the
    last half of the steps (a person's alone; 0 is off).
    """

    steps: int = 1500
    batch: int = 1
    rate: float = 1e-4
    rank: int = 16
    size: int = 512
    seed: int = 0
    save_every: int = 250
    preview_every: int = 250
    alpha: float | None = None
    schedule: Literal["constant", "cosine"] = "constant"
    text_encoder: bool = False
    flip: bool = False
    face_weight: float = 1.0
    velocity: float = 0.0
    precision: LoraPrecision = "no"
    checkpointing: bool = False
    reward: float = 0.0

    def __post_init__(self) -> None:
        if self.size % 32 or self.size < 64:
            raise ValueError(f"The size is {self.size}; use a multiple of 32 from 64 on.")
        if min(self.steps, self.batch, self.rank, self.save_every, self.preview_every) < 1:
            raise ValueError("Steps, batch, rank and the steps between saving and previews are 1 or more.")
        if not self.rate > 0 or self.layer_alpha <= 0:
            raise ValueError("The learning rate and alpha are above 0.")
        if min(self.face_weight, self.velocity, self.reward) < 0:
            raise ValueError("The weights of the face, of the velocity and of the reward are 0 or more.")
        if self.precision not in get_args(LoraPrecision):  # anything else would silently compute in float32
            raise ValueError(f"There is no precision {self.precision}; use {' or '.join(get_args(LoraPrecision))}.")

    @property
    def layer_alpha(self) -> float:
        """The alpha of the layers."""
        return float(self.rank if self.alpha is None else self.alpha)


@dataclass(frozen=True)
class LoraRequest:
    """What is learned: on the ``checkpoint``, from the folder of ``pictures``, called by the ``trigger``.

    ``name`` is what the user calls it, ``work`` the training's own folder, ``loras`` the host's LoRA folder (ours when
    None).
    """

    checkpoint: Path
    pictures: Path
    name: str
    trigger: str
    work: Path
    loras: Path | None = None
    vae: Path | None = None


@dataclass(frozen=True)
class StyleRequest(LoraRequest):
    """A style; with ``catalogue`` it becomes one of the user's own styles."""

    catalogue: bool = True


@dataclass(frozen=True)
class PersonRequest(LoraRequest):
    """A person, or a thing, learned from ``photos`` that are prepared into the folder of ``pictures``.

    ``class_word`` says what is learned in a word of the checkpoint's. With ``card`` the LoRA is noted on the card of
    that file, which is made where there is none; ``encoder`` is the face encoder's file that a new card needs.

    With ``validate`` pictures are made and scored every hundred steps and the best weights are taken: into the pictures
    of the folder ``templates``, or into such as the checkpoint draws itself; ``canny`` is a ControlNet that keeps their
    edges.
    """

    photos: tuple[Path, ...] = ()
    class_word: str = "person"
    card: Path | None = None
    encoder: Path | None = None
    validate: bool = True
    templates: Path | None = None
    canny: Path | None = None

    @property
    def call(self) -> str:
        """The words that call what was learned."""
        return f"{self.trigger} {self.class_word}".strip()


def differences(earlier: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The settings that prevent resuming, each as a phrase with its earlier and its current value."""
    names = {"rate": "learning rate", "rank": "rank", "alpha": "alpha", "size": "size", "seed": "seed",
             "batch": "batch", "schedule": "schedule", "text_encoder": "training of the text encoder",
             "flip": "mirroring", "face_weight": "weight of the face", "velocity": "weight of the velocity",
             "precision": "precision", "reward": "reward",
             "steps": "number of steps", "trigger": "trigger word"}  # fmt: skip
    words = [
        f"the {name} was {earlier[key]} and is {now[key]} now"
        for key, name in names.items()
        if key in earlier and key in now and earlier[key] != now[key]
    ]
    if earlier.get("checkpoint") != now["checkpoint"]:
        before, after = earlier.get("checkpoint_name", "another file"), now["checkpoint_name"]
        same = before == after
        words.append(
            f"the checkpoint {after} is another file than it was then" if same
            else f"the checkpoint was {before} and is {after} now"
        )  # fmt: skip
    return words
