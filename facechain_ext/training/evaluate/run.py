"""The whole comparison: train every variant on the same data and budget, draw held-out people, measure."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facechain_ext.adapter import load_adapter, save_adapter
from facechain_ext.identity import TransFace
from facechain_ext.identity.encode import to_encoder
from facechain_ext.standalone.checkpoint import load_checkpoint
from facechain_ext.standalone.small import layout
from facechain_ext.training.evaluate.budget import STRENGTHS, VARIANTS, Budget, Results, Variant
from facechain_ext.training.evaluate.drawn import HELD_OUT, DrawnPeople
from facechain_ext.training.evaluate.judge import (
    Judge,
    ask,
    attribute_numbers,
    load_judge,
    save_judge,
    to_judge,
    train_judge,
)
from facechain_ext.training.evaluate.measure import Figures, caption_accuracy, change_outside, retrieval, spread
from facechain_ext.training.evaluate.mixing import measure_mixing
from facechain_ext.training.evaluate.parallel import ParallelAdapter, attach_parallel, save_parallel
from facechain_ext.training.fact.batches import Batches
from facechain_ext.training.fact.sampling import Drawing, draw
from facechain_ext.training.fact.settings import Settings
from facechain_ext.training.fact.step import attach_serial
from facechain_ext.training.fact.trainer import Trainer
from facechain_ext.training.small.plan import FACE_WEIGHT, VELOCITY
from facechain_ext.training.world import caption

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.standalone.checkpoint import Checkpoint
    from facechain_ext.standalone.small import SmallModels
    from facechain_ext.training.evaluate.mixing import Mixing
    from facechain_ext.training.fact.step import Attach


@dataclass(frozen=True, eq=False)
class _Subjects:
    """The held-out pictures to be made: whose face, which words, which seed, and the gallery of the judge."""

    who: list[int]
    faces: Tensor
    prompts: list[str]
    wanted: list[dict[str, int]]
    gallery: Tensor


def evaluate(
    small: SmallModels, folder: Path, budget: Budget, *, say: Callable[[str], None] = lambda _words: None
) -> Results:
    """Train the variants into ``folder`` (those that are there are finished, not begun again), and measure them all."""
    bench = _Bench(small, folder, budget, say)
    people = DrawnPeople(budget.persons, budget.photos, side=budget.side)
    checkpoint, encoder, seconds = bench.checkpoint, bench.encoder, bench.seconds
    figures = list(bench.figures)
    for variant in VARIANTS:
        start = time.monotonic()
        adapter, attach = _trained(variant, checkpoint, encoder, people, folder, budget, say)
        seconds[variant.name] = time.monotonic() - start
        for strength in STRENGTHS[1:]:
            figures.append(bench.measure(variant.name, adapter, strength, attach))  # noqa: PERF401 - takes minutes each
        if variant == VARIANTS[0]:
            mixing = bench.mixing(adapter)
    return bench.results(figures, mixing)


def evaluate_as_they_are(
    small: SmallModels, folder: Path, budget: Budget, *, say: Callable[[str], None] = lambda _words: None
) -> Results:
    """Measure finished models with their own adapter; trains nothing but the judge, and that only once a ``folder``."""
    bench = _Bench(small, folder, budget, say)
    adapter = load_adapter(small.adapter)
    figures = [*bench.figures, *(bench.measure("adapter", adapter, strength) for strength in STRENGTHS[1:])]
    return bench.results(figures, bench.mixing(adapter))


class _Bench:
    """What every variant is measured by: the judge, the subjects, and the pictures without adapter."""

    def __init__(self, small: SmallModels, folder: Path, budget: Budget, say: Callable[[str], None]) -> None:
        self._small, self._budget, self._say = small, budget, say
        torch.manual_seed(budget.seed)
        start = time.monotonic()
        say("drawing people, training the judge")
        self._judge = _judge(folder / "judge.safetensors", budget)
        self._held = held = DrawnPeople(budget.held_out, 4 + budget.each, first=HELD_OUT, side=budget.side)
        self.encoder = TransFace.from_file(small.encoder)
        self._subjects, self._judged, real = _subjects(held, self._judge, self.encoder, budget)
        self.seconds = {"judge": time.monotonic() - start}
        self.checkpoint = load_checkpoint(small.checkpoint)
        say("drawing without adapter")
        through = _through_autoencoder(self.checkpoint, real)
        self._without = _draw(self.checkpoint, self._subjects, budget)
        self.figures = (
            _measure("real drawings through the autoencoder", 0.0, self._judge, self._subjects, real, through),
            _measure("no adapter", 0.0, self._judge, self._subjects, self._without, self._without),
        )

    def measure(self, name: str, adapter: Any, strength: float, attach: Attach = attach_serial) -> Figures:
        """The figures of one adapter at one strength."""
        self._say(f"{name}: drawing at {strength}")
        pixels = _draw(self.checkpoint, self._subjects, self._budget, adapter=adapter, attach=attach, strength=strength)
        return _measure(name, strength, self._judge, self._subjects, self._without, pixels)

    def mixing(self, adapter: Any) -> Mixing:
        """Two people mixed by one adapter."""
        self._say("drawing mixed people")
        return measure_mixing(self.checkpoint, adapter, self.encoder, self._judge, self._held, self._budget)

    def results(self, figures: list[Figures], mixing: Mixing) -> Results:
        """Everything together."""
        small = self._small
        where = small.checkpoint.parent.name
        return Results(self._budget, tuple(figures), self._judged, self.seconds, small.trained, where, mixing)


def _judge(path: Path, budget: Budget) -> Judge:
    """The judge of a budget, trained once."""
    told = json.dumps({name: value for name, value in asdict(budget).items() if name.startswith("judge")})
    told += f" side {budget.side} seed {budget.seed}"
    judge = load_judge(path, told)
    if judge is None:
        watched = DrawnPeople(budget.judge_persons, budget.judge_photos, first=1_000_000, side=budget.side)
        judge = train_judge(watched, steps=budget.judge_steps, seed=budget.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_judge(judge, path, told)
    return judge


def _trained(
    variant: Variant,
    checkpoint: Checkpoint,
    encoder: TransFace,
    people: DrawnPeople,
    folder: Path,
    budget: Budget,
    say: Callable[[str], None],
) -> tuple[Any, Attach]:
    """The variant's module after its training, with averaged weights."""
    torch.manual_seed(budget.seed)
    attach: Attach = attach_parallel if variant.parallel else attach_serial
    module: Any = (
        ParallelAdapter(checkpoint.unet, layout.PROJECTOR)
        if variant.parallel
        else layout.new_face_adapter(checkpoint.unet)
    )
    settings = Settings(
        steps=budget.steps,
        batch=budget.batch,
        rate=budget.rate,
        warm_up=min(100, budget.steps),
        fair=budget.fair if variant.fair else 0.0,
        shuffle=variant.shuffle,
        ema=0.99,
        gate=layout.GATE,
        face_weight=FACE_WEIGHT,
        velocity=VELOCITY,
        seed=budget.seed,
        save_every=250,
    )
    place = folder / "".join(c if c.isalnum() else "-" for c in variant.name)
    trainer = Trainer(
        checkpoint,
        encoder,
        module,
        Batches(people, checkpoint.tokenizer, settings),
        replace(settings),
        place,
        resume=(place / "state.safetensors").is_file(),
        attach=attach,
        save=save_parallel if variant.parallel else save_adapter,
    )

    def report(losses: Any) -> bool:
        if losses.step % 50 == 0:
            say(f"{variant.name}: step {losses.step} of {settings.steps}, loss {losses.loss:.4f}")
        return True

    trainer.run(report)
    for name, value in module.named_parameters():
        value.data = trainer.average[name]
    return module.eval().requires_grad_(requires_grad=False), attach


@torch.no_grad()
def _through_autoencoder(checkpoint: Checkpoint, pixels: Pixels) -> Pixels:
    """Pictures as the autoencoder gives them back: no adapter can be better."""
    vae: Any = checkpoint.vae
    parts = []
    for part in torch.split(to_judge(pixels), 16):
        decoded = vae.decode(vae.encode(part).latent_dist.mean).sample
        parts.append(((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)


def _subjects(held: DrawnPeople, judge: Judge, encoder: TransFace, budget: Budget) -> tuple[_Subjects, Figures, Pixels]:
    """What is to be drawn, how the judge does on drawings it has never seen, and those drawings.

    Of each held-out person three photos make the gallery, one is the face photo, the rest lend their scenes.
    """
    rows = np.arange(len(held)).reshape(budget.held_out, held.each)
    verdict = ask(judge, np.stack([held.photo(int(n)).pixels for n in rows[:, :3].flatten()]))
    gallery = torch.nn.functional.normalize(verdict.identity.view(budget.held_out, 3, -1).mean(1), dim=1)
    who = [person for person in range(budget.held_out) for _ in range(budget.each)]
    scenes = [held.portraits[int(n)] for n in rows[:, 4:].flatten()]
    with torch.no_grad():
        faces = torch.stack([to_encoder(held.photo(int(rows[person, 3])).aligned) for person in who])
        tokens = torch.cat([encoder.tokens(part) for part in torch.split(faces, 32)])
    wanted = [attribute_numbers(portrait.scene) for portrait in scenes]
    subjects = _Subjects(who, tokens, [caption(portrait.scene) for portrait in scenes], wanted, gallery)
    real = np.stack([portrait.drawn.pixels for portrait in scenes])
    return subjects, _measure("real drawings", 0.0, judge, subjects, real, real), real


def _draw(
    checkpoint: Checkpoint,
    subjects: _Subjects,
    budget: Budget,
    *,
    adapter: Any = None,
    attach: Attach = attach_serial,
    strength: float = 0.0,
) -> Pixels:
    """A picture of every subject; seeds are the same for every variant."""
    drawing = Drawing(budget.side, budget.draw_steps, budget.cfg)
    parts = []
    for first in range(0, len(subjects.who), 16):
        rows = slice(first, first + 16)
        prompts = subjects.prompts[rows]
        parts.append(
            draw(
                checkpoint,
                prompts,
                range(budget.seed + first, budget.seed + first + len(prompts)),
                drawing,
                adapter=adapter,
                face_tokens=subjects.faces[rows],
                strength=strength,
                attach=attach,
            )
        )
    return np.concatenate(parts)


def _measure(
    variant: str, strength: float, judge: Judge, subjects: _Subjects, without: Pixels, pixels: Pixels
) -> Figures:
    verdict = ask(judge, pixels)
    share, cosine = retrieval(verdict.identity, subjects.gallery, subjects.who)
    return Figures(
        variant,
        strength,
        share,
        cosine,
        caption_accuracy(verdict, subjects.wanted),
        change_outside(without, pixels, verdict.boxes),
        spread(verdict.yaw, subjects.who),
        spread(verdict.smile, subjects.who),
    )


def as_json(results: Results) -> dict[str, Any]:
    """Everything, for a file."""
    return asdict(results)
