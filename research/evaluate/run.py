"""The whole comparison: train every variant on the same data and budget, draw held-out people, measure."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facechain_ext.demo import layout
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter, save_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.sampling import Drawing
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.step import attach_serial
from facechain_ext.training.adapter.trainer import Trainer
from research.evaluate.budget import STRENGTHS, VARIANTS, Budget, Variant
from research.evaluate.eval_net import ask, to_eval_net
from research.evaluate.measure import Figures, caption_accuracy, change_outside, retrieval, spread
from research.evaluate.mixing import measure_mixing
from research.evaluate.parallel import ParallelAdapter, attach_parallel, save_parallel
from research.evaluate.rendered import RenderedPeople
from research.evaluate.report import Results
from research.evaluate.subjects import BATCH, eval_net_of, held_out, subjects_of
from research.tiny_models.plan import FACE_WEIGHT, VELOCITY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity.projector import Projector
    from facechain_ext.training.adapter.step import Attach
    from research.evaluate.eval_net import EvalNet
    from research.evaluate.mixing import Mixing
    from research.evaluate.subjects import Subjects


OWN = "the models' own adapter"
"""Name of the adapter that came with the models, which may have learned longer than the variants do."""


class EncodedOnce:
    """Latents of drawn people, each picture encoded when it is first asked for: all variants see the same ones."""

    def __init__(self, vae: Any, people: RenderedPeople) -> None:
        self._vae, self._people = vae, people
        self._known: dict[int, np.ndarray] = {}

    def __getitem__(self, number: int) -> np.ndarray:
        """The latents [4, h, w] of one picture, without the scaling factor."""
        if number not in self._known:
            with torch.no_grad():
                means = self._vae.encode(to_eval_net(self._people.photo(number).pixels[None])).latent_dist.mean
            self._known[number] = means[0].numpy()
        return self._known[number]


@dataclass(frozen=True, eq=False)
class Common:
    """What all variants share: models, the projector they begin with, and people with their latents.

    A projector learns next to nothing from the U-Net's error in so few steps: with one of its own each, the variants
    would be compared by how they use tokens that do not tell who is wanted.
    """

    checkpoint: Checkpoint
    encoder: TransFace
    projector: Projector
    people: RenderedPeople
    latents: EncodedOnce


def evaluate(
    small: TinyModels, folder: Path, budget: Budget, *, say: Callable[[str], None] = lambda _words: None
) -> Results:
    """Train the variants into ``folder`` (those that are there are finished, not begun again), and measure them all."""
    bench = _Bench(small, folder, budget, say)
    people = RenderedPeople(budget.persons, budget.photos, side=budget.side)
    own = load_adapter(small.adapter)
    latents = EncodedOnce(bench.checkpoint.vae, people)
    common = Common(bench.checkpoint, bench.encoder, own.projector, people, latents)
    figures = [*bench.figures, *bench.measure(OWN, own)]
    for variant in VARIANTS:
        start = time.monotonic()
        adapter, attach = train_variant(variant, common, folder, budget, say)
        bench.seconds[variant.name] = time.monotonic() - start
        figures += bench.measure(variant.name, adapter, attach)
    return bench.results(figures, bench.mixing(own))


def evaluate_as_they_are(
    small: TinyModels, folder: Path, budget: Budget, *, say: Callable[[str], None] = lambda _words: None
) -> Results:
    """Measure finished models with their own adapter; trains nothing but the judge, and that only once a ``folder``."""
    bench = _Bench(small, folder, budget, say)
    own = load_adapter(small.adapter)
    return bench.results([*bench.figures, *bench.measure(OWN, own)], bench.mixing(own))


class _Bench:
    """What every variant is measured by: the judge, the subjects, and the pictures without adapter."""

    def __init__(self, small: TinyModels, folder: Path, budget: Budget, say: Callable[[str], None]) -> None:
        self._small, self._budget, self._say = small, budget, say
        torch.manual_seed(budget.seed)
        start = time.monotonic()
        say("drawing people, training the judge")
        self._judge = eval_net_of(folder / "judge.safetensors", budget)
        self.encoder = TransFace.from_file(small.encoder)
        self._held = held_out(budget)
        self._subjects, real = subjects_of(self._held, self._judge, self.encoder, budget)
        self._judged = _measure("real drawings", 0.0, self._judge, self._subjects, real, real)
        self.seconds = {"judge": time.monotonic() - start}
        self.checkpoint = load_checkpoint(small.checkpoint)
        say("drawing without adapter")
        through = _through_autoencoder(self.checkpoint, real)
        self._without = _draw(self.checkpoint, self._subjects, budget)
        self.figures = (
            _measure("real drawings through the autoencoder", 0.0, self._judge, self._subjects, real, through),
            _measure("no adapter", 0.0, self._judge, self._subjects, self._without, self._without),
        )

    def measure(self, name: str, adapter: Any, attach: Attach = attach_serial) -> list[Figures]:
        """The figures of one adapter at every strength above 0."""
        figures, subjects = [], self._subjects
        for strength in STRENGTHS[1:]:
            self._say(f"{name}: drawing at {strength}")
            pixels = _draw(self.checkpoint, subjects, self._budget, adapter=adapter, attach=attach, strength=strength)
            figures.append(_measure(name, strength, self._judge, subjects, self._without, pixels))
        return figures

    def mixing(self, adapter: Any) -> Mixing:
        """Two people mixed by one adapter."""
        self._say("drawing mixed people")
        return measure_mixing(self.checkpoint, adapter, self.encoder, self._judge, self._held, self._budget)

    def results(self, figures: list[Figures], mixing: Mixing) -> Results:
        """Everything together."""
        small = self._small
        where = small.checkpoint.parent.name
        return Results(self._budget, tuple(figures), self._judged, self.seconds, small.trained, where, mixing)


def train_variant(
    variant: Variant,
    common: Common,
    folder: Path,
    budget: Budget,
    say: Callable[[str], None],
) -> tuple[Any, Attach]:
    """The variant's module after its training, with averaged weights, and how it is attached.

    Goes on where ``folder`` stopped, so that variants can also be trained beside one another by calls of their own.
    """
    torch.manual_seed(budget.seed)
    checkpoint = common.checkpoint
    attach: Attach = attach_parallel if variant.parallel else attach_serial
    module: Any = (
        ParallelAdapter(checkpoint.unet, layout.PROJECTOR)
        if variant.parallel
        else layout.new_face_adapter(checkpoint.unet)
    )
    module.projector.load_state_dict(common.projector.state_dict())
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
        common.encoder,
        module,
        Batches(common.people, checkpoint.tokenizer, settings, latents=common.latents),
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
    for part in torch.split(to_eval_net(pixels), 16):
        decoded = vae.decode(vae.encode(part).latent_dist.mean).sample
        parts.append(((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)


def _draw(
    checkpoint: Checkpoint,
    subjects: Subjects,
    budget: Budget,
    *,
    adapter: Any = None,
    attach: Attach = attach_serial,
    strength: float = 0.0,
) -> Pixels:
    """A picture of every subject; seeds are the same for every variant."""
    drawing = Drawing(budget.side, budget.draw_steps, budget.cfg)
    parts = [
        subjects.draw(checkpoint, rows, drawing, budget.seed, adapter=adapter, attach=attach, strength=strength)
        for rows in subjects.batches(BATCH)
    ]
    return np.concatenate(parts)


def _measure(
    variant: str, strength: float, judge: EvalNet, subjects: Subjects, without: Pixels, pixels: Pixels
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
