"""Validation of a person's training: pictures every hundred steps, their scores, and which weights are taken."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from facechain_ext.errors import HostError
from facechain_ext.recipes.job import Control, Inpaint, Job
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.lora.average import average_weights, vote
from facechain_ext.training_runs.settings import NOTHING_LOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL import Image
    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training.lora.trainer import LoraTrainer
    from facechain_ext.training.person.templates import ValidationTemplate

FOLDER, RECORD = "validation", "validation.json"
_DENOISE, _STEPS, _CFG, _SAMPLER = 0.65, 20, 9.0, "DPM++ 2M"
"""As EasyPhoto validates (train_lora.py)."""
_CANNY = 0.5
"""Weight of the edges: the paper's validation has them, its code does not; this is the weight of its inference."""
_PLAIN = (
    "portrait photo of {}, head and shoulders",
    "close-up photo of {}, looking at the camera",
    "photo of {} in a park",
    "photo of {}, studio, soft light",
)
_SEED = 30_000


class Scorer(Protocol):
    """Says how like the person a picture is."""

    def score(self, pixels: Pixels) -> float:
        """The score of an RGB picture, more for more alike."""
        ...


@dataclass
class Validation:
    """The validations of one training, in the folder ``validation`` of its work.

    Every step gets the same templates, words and seeds. With ``edges`` the host has a ControlNet that keeps a
    template's edges. ``scores`` are those of each validated step's pictures.
    """

    training: LoraTrainer
    scorer: Scorer
    call: str
    templates: Sequence[ValidationTemplate]
    edges: bool = False
    scores: dict[int, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._folder: Path = self.training.request.work / FOLDER
        try:
            saved = json.loads((self._folder / RECORD).read_text(encoding="utf-8"))
            rows = {int(step): [float(one) for one in row] for step, row in saved.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            rows = {}
        self.scores.update({step: row for step, row in rows.items() if self._file(step).is_file()})

    def validate(self) -> float:
        """Make and score this step's pictures and keep its weights; the mean score.

        Raises HostError, which says up to where the training is saved, when they cannot be written.
        """
        step = self.training.step
        try:
            weights = {f"{index}": value.half() for index, value in enumerate(self.training.layers.weights())}
            with atomic_write(self._file(step)) as part:
                save_file(weights, part)
            self.scores[step] = self._scored(f"{step:06d}")
            record = {str(number): row for number, row in sorted(self.scores.items())}
            with atomic_write(self._folder / RECORD) as part:
                part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        except (OSError, SafetensorError) as error:
            raise HostError(
                f"The validation of step {step} cannot be written ({error}). {NOTHING_LOST.format(step=step)}"
            ) from error
        return float(np.mean(self.scores[step]))

    def take_best(self, report: Callable[[str], None]) -> Path | None:
        """Put the best weights into the training's layers; the best picture's path, None without a validation.

        The steps of the ten best pictures are averaged by their votes, and the average is scored like a step: the best
        mean of all wins.
        """
        if not self.scores:
            return None
        means = {step: float(np.mean(row)) for step, row in self.scores.items()}
        best = max(means, key=lambda step: (means[step], step))
        votes = vote(self.scores)
        chosen, stem = self._weights(best), f"{best:06d}"
        if len(votes) > 1:
            shares = [float(count) for count in votes.values()]
            averaged = average_weights([self._weights(s) for s in votes], shares, self.training.layers.pairs)
            with self.training.layers.using(averaged):
                scores = self._scored("average")
            report(
                f"Step {best} scores {means[best]:.3f}; the average of steps "
                f"{', '.join(f'{step} ({count})' for step, count in votes.items())} scores {np.mean(scores):.3f}."
            )
            if float(np.mean(scores)) >= means[best]:
                chosen, stem, row = averaged, "average", scores
            else:
                row = self.scores[best]
        else:
            row = self.scores[best]
            report(f"Step {best} scores {means[best]:.3f}, and made all of the best pictures.")
        self.training.layers.set_weights(chosen)
        return self._folder / f"{stem}-{int(np.argmax(row))}.png"

    def _scored(self, stem: str) -> list[float]:
        """The scores of the pictures that the layers make now, which are written as ``<stem>-<number>.png``."""
        self._folder.mkdir(parents=True, exist_ok=True)
        scores = []
        for number, job in enumerate(self._jobs()):
            picture: Image.Image = self.training.host.generate(job)[0].picture.convert("RGB")
            picture.save(self._folder / f"{stem}-{number}.png")
            scores.append(self.scorer.score(np.array(picture)))
        return scores

    def _jobs(self) -> list[Job]:
        size = self.training.settings.size
        common = {"steps": _STEPS, "cfg": _CFG, "sampler": _SAMPLER, "width": size, "height": size}
        if not self.templates:
            words = [words.format(self.call) for words in _PLAIN]
            return [Job(text, seed=_SEED + n, **common) for n, text in enumerate(words)]  # type: ignore[arg-type]
        return [
            Job(
                f"portrait photo of {self.call}",
                seed=_SEED + number,
                inpaint=Inpaint(template.picture, _DENOISE, template.mask),
                controls=(Control("canny", template.picture, _CANNY),) if self.edges else (),
                **common,  # type: ignore[arg-type]
            )
            for number, template in enumerate(self.templates)
        ]

    def _file(self, step: int) -> Path:
        return self._folder / f"{step:06d}.safetensors"

    def _weights(self, step: int) -> list[Tensor]:
        tensors = load_file(self._file(step))
        return [tensors[str(index)].float() for index in range(len(tensors))]
