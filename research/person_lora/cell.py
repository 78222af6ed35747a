"""One person learned from a number of pictures, drawn by each method, and judged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from facechain_ext.identity.encode import to_encoder_input
from facechain_ext.training.adapter.sampling import SamplingSettings, generate_pictures
from facechain_ext.training.lora.average import average_weights, vote
from facechain_ext.training.lora.layers import save_lora
from facechain_ext.training.lora.trainer import LoraTrainer
from facechain_ext.training_runs.settings import PersonRequest
from research.person_lora.locator import SIDE
from research.person_lora.people import aligned_photo, called, examples, wanted_scenes
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import TransFace
    from facechain_ext.methods.fact import FaceAdapter
    from facechain_ext.training_runs.settings import LoraSettings
    from research.person_lora.judge import Judge
    from research.synthetic_world import Scene

DRAWN, VALIDATED = 8, 4
"""Pictures of one method, and of one validation, whose scenes are others."""
SAMPLING = SamplingSettings(SIDE, 10, 3.0)
ARMS: dict[str, tuple[float, float]] = {
    "neither": (0.0, 0.0),
    "FACT": (0.0, 1.0),
    "LoRA": (1.0, 0.0),
    "both": (1.0, 1.0),
    "both, each at 0.7": (0.7, 0.7),
    "both, the LoRA at 0.4": (0.4, 1.0),
}
"""Share of the LoRA and strength of FACT in each way of drawing."""
BESIDE_FACT = tuple(arm for arm, (share, strength) in ARMS.items() if share and strength)


@dataclass(frozen=True)
class Score:
    """The share of pictures whose person is the nearest of all, the mean cosine, and the share of words followed."""

    retrieval: float
    cosine: float
    words: float


@dataclass(frozen=True)
class Cell:
    """One person from ``pictures`` pictures: the score of each arm, the loss at the end, and seconds of learning.

    ``best`` and ``average`` are the scores of the best validated step and of the average of those that were voted for,
    and ``taken`` of the one of both that validates better, where the training was validated. ``kilobytes`` are those of
    the LoRA's file (1000 bytes each).
    """

    person: int
    pictures: int
    seconds: float
    loss: float
    kilobytes: int
    scores: dict[str, Score] = field(default_factory=dict)
    best: Score | None = None
    average: Score | None = None
    taken: Score | None = None


class Laboratory:
    """The models, the judge, and what is the same for every cell."""

    def __init__(self, models: TinyModels, encoder: TransFace, adapter: FaceAdapter, judge: Judge) -> None:
        self._models, self._encoder, self._adapter, self._judge = models, encoder, adapter, judge

    def cell(
        self, person: int, pictures: int, settings: LoraSettings, work: Path, *, arms: Sequence[str] = tuple(ARMS),
        validations: Sequence[int] = (),
    ) -> Cell:  # fmt: skip
        """Learn the person and draw them by each of ``arms``; the steps of ``validations`` are judged as well.

        The pictures are kept in ``work``, those of an arm side by side.
        """
        work.mkdir(parents=True, exist_ok=True)
        request = PersonRequest(self._models.checkpoint, work, f"person {person}", "ohwx", work)
        training = LoraTrainer(request, settings, examples(person, pictures))
        training.encode()
        began, losses, kept = time.process_time(), [], {}
        for _ in range(settings.steps):
            losses.append(training.update())
            if training.step in validations:
                kept[training.step] = training.layers.weights()
        seconds = time.process_time() - began
        scenes, last = wanted_scenes(person, DRAWN), training.layers.weights()
        scores, tokens, kilobytes = {}, self._face_tokens(person), _file_size(training, work)
        for arm in arms:
            share, strength = ARMS[arm]
            training.layers.set_weights(_scaled(last, training, share))
            pixels = self._drawn(training, person, scenes, tokens, strength, call=share > 0)
            scores[arm] = self._score(pixels, person, scenes)
            Image.fromarray(np.concatenate(list(pixels), axis=1)).save(drawn_file(work, person, pictures, arm))
        judged = self._averaged(training, person, kept, tokens) if kept else (None, None, None)
        loss = float(np.mean(losses[-50:]))
        return Cell(person, pictures, round(seconds, 1), loss, kilobytes, scores, *judged)

    def _averaged(
        self, training: LoraTrainer, person: int, kept: dict[int, list[Tensor]], tokens: Tensor
    ) -> tuple[Score, Score, Score]:
        """The scores of the best validated step, of the average of those voted for, and of the better of both."""
        every = wanted_scenes(person, DRAWN + VALIDATED)
        scenes, rest = every[:DRAWN], every[DRAWN:]

        def validated(weights: list[Tensor]) -> list[float]:
            training.layers.set_weights(weights)
            pixels = self._drawn(training, person, rest, tokens, 0.0, call=True)
            return [float(one) for one in self._judge.verdict(pixels, person, rest).cosines]

        cosines = {step: validated(weights) for step, weights in kept.items()}
        best = max(cosines, key=lambda step: float(np.mean(cosines[step])))
        votes = vote(cosines, best=VALIDATED)
        mean = average_weights([kept[s] for s in votes], [float(n) for n in votes.values()], training.layers.pairs)
        found = []
        for weights in (kept[best], mean):
            training.layers.set_weights(weights)
            pixels = self._drawn(training, person, scenes, tokens, 0.0, call=True)
            found.append(self._score(pixels, person, scenes))
        average_wins = np.mean(validated(mean)) >= np.mean(cosines[best])
        return found[0], found[1], found[1 if average_wins else 0]

    @torch.no_grad()
    def _face_tokens(self, person: int) -> Tensor:
        """What FACT is given of the person: the tokens [1, n, w] of their first photo."""
        return self._encoder.tokens(to_encoder_input(aligned_photo(person))[None])

    def _drawn(
        self, training: LoraTrainer, person: int, scenes: Sequence[Scene], tokens: Tensor, strength: float, *,
        call: bool,
    ) -> Pixels:  # fmt: skip
        prompts = [called(scene) if call else caption(scene) for scene in scenes]
        seeds = range(1000 * person, 1000 * person + len(scenes))
        return generate_pictures(
            training.checkpoint, prompts, seeds, SAMPLING, adapter=self._adapter,
            face_tokens=tokens.repeat(len(scenes), 1, 1), strength=strength,
        )  # fmt: skip

    def _score(self, pixels: Pixels, person: int, scenes: Sequence[Scene]) -> Score:
        verdict = self._judge.verdict(pixels, person, scenes)
        return Score(*(float(np.mean(one)) for one in (verdict.hits, verdict.cosines, verdict.words)))


def drawn_file(work: Path, person: int, pictures: int, arm: str) -> Path:
    """Where the pictures of a cell's arm are kept, side by side."""
    return work / f"{person}-{pictures}-{arm}.png"


def _file_size(training: LoraTrainer, work: Path) -> int:
    """Kilobytes of the LoRA as it is written for a webui."""
    path = work / "last.safetensors"
    save_lora(training.layers, path, trigger=training.request.trigger, metadata={}, replace=True)
    return round(path.stat().st_size / 1000)


def _scaled(weights: Sequence[Tensor], training: LoraTrainer, share: float) -> list[Tensor]:
    """The weights whose layers do ``share`` of what the given ones do."""
    up = {pair[1] for pair in training.layers.pairs}
    return [one * share if place in up else one.clone() for place, one in enumerate(weights)]
