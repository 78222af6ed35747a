"""The whole comparison: train every variant on the same data and budget, generate held-out persons, measure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facechain_ext.demo import layout
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter, save_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.sampling import SamplingSettings
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.step import attach_serial
from facechain_ext.training.adapter.trainer import StepLosses, Trainer
from research.evaluate.budget import STRENGTHS, VARIANTS, Budget, Variant
from research.evaluate.eval_net import predict, to_eval_net
from research.evaluate.measure import Figures, caption_accuracy, change_outside, retrieval, spread
from research.evaluate.mixing import measure_mixing
from research.evaluate.parallel import ParallelAdapter, attach_parallel, save_parallel
from research.evaluate.rendered import RenderedPeople
from research.evaluate.report import Results
from research.evaluate.subjects import BATCH, held_out_people, load_or_train_eval_net, prepare_subjects
from research.tiny_models.plan import FACE_WEIGHT, VELOCITY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diffusers import AutoencoderKL

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity.projector import Projector
    from facechain_ext.methods.fact import FaceAdapter
    from facechain_ext.training.adapter.step import Attach, FaceModule
    from research.evaluate.eval_net import EvalNet
    from research.evaluate.mixing import Mixing
    from research.evaluate.subjects import Subjects


OWN = "the models' own adapter"
"""Row name of the adapter that belongs to the models; it may have been trained for longer than the variants."""


class LatentCache:
    """Latents of rendered people, encoded on first access and shared by all variants."""

    def __init__(self, vae: AutoencoderKL, people: RenderedPeople) -> None:
        self._vae, self._people = vae, people
        self._latents: dict[int, np.ndarray] = {}

    def __getitem__(self, number: int) -> np.ndarray:
        """The latents [4, h, w] of one picture, without the scaling factor."""
        if number not in self._latents:
            with torch.no_grad():
                means = self._vae.encode(to_eval_net(self._people.photo(number).pixels[None])).latent_dist.mean
            self._latents[number] = means[0].numpy()
        return self._latents[number]


@dataclass(frozen=True, eq=False)
class SharedInputs:
    """What all variants share: models, the initial projector, and the training photos with their latents.

    In so few steps the U-Net's error hardly trains a projector. With projectors of their own, the variants would be
    compared by how they use tokens that carry no identity.
    """

    checkpoint: Checkpoint
    encoder: TransFace
    projector: Projector
    people: RenderedPeople
    latents: LatentCache


def evaluate(
    models: TinyModels, folder: Path, budget: Budget, *, notify: Callable[[str], None] = lambda _words: None
) -> Results:
    """Train the variants into ``folder`` (those trained there are resumed), and measure all of them."""
    comparison = _Comparison(models, folder, budget, notify)
    people = RenderedPeople(budget.persons, budget.photos, side=budget.side)
    own = load_adapter(models.adapter)
    latents = LatentCache(comparison.checkpoint.vae, people)
    common = SharedInputs(comparison.checkpoint, comparison.encoder, own.projector, people, latents)
    figures = [*comparison.figures, *comparison.measure(OWN, own)]
    for variant in VARIANTS:
        start = time.monotonic()
        adapter, attach = train_variant(variant, common, folder, budget, notify)
        comparison.seconds[variant.name] = time.monotonic() - start
        figures += comparison.measure(variant.name, adapter, attach)
    return comparison.results(figures, comparison.mixing(own))


def evaluate_as_they_are(
    models: TinyModels, folder: Path, budget: Budget, *, notify: Callable[[str], None] = lambda _words: None
) -> Results:
    """Measure the models with their own adapter; only the eval net is trained, and cached in ``folder``."""
    comparison = _Comparison(models, folder, budget, notify)
    own = load_adapter(models.adapter)
    return comparison.results([*comparison.figures, *comparison.measure(OWN, own)], comparison.mixing(own))


class _Comparison:
    """What every variant is measured with: the eval net, the subjects, and the pictures without adapter."""

    def __init__(self, models: TinyModels, folder: Path, budget: Budget, notify: Callable[[str], None]) -> None:
        self._models, self._budget, self._notify = models, budget, notify
        torch.manual_seed(budget.seed)
        start = time.monotonic()
        notify("rendering people, training the eval net")
        self._eval_net = load_or_train_eval_net(folder / "eval_net.safetensors", budget)
        self.encoder = TransFace.from_file(models.encoder)
        self._held_out = held_out_people(budget)
        self._subjects, real = prepare_subjects(self._held_out, self._eval_net, self.encoder, budget)
        self._reference = _measure("real drawings", 0.0, self._eval_net, self._subjects, real, real)
        self.seconds = {"eval_net": time.monotonic() - start}
        self.checkpoint = load_checkpoint(models.checkpoint)
        notify("generating without adapter")
        through = _reconstruct(self.checkpoint, real)
        self._without = _generate(self.checkpoint, self._subjects, budget)
        self.figures = (
            _measure("real drawings through the autoencoder", 0.0, self._eval_net, self._subjects, real, through),
            _measure("no adapter", 0.0, self._eval_net, self._subjects, self._without, self._without),
        )

    def measure(self, name: str, adapter: FaceModule, attach: Attach = attach_serial) -> list[Figures]:
        """The figures of one adapter at every strength above 0."""
        figures, subjects = [], self._subjects
        for strength in STRENGTHS[1:]:
            self._notify(f"{name}: generating at {strength}")
            pixels = _generate(
                self.checkpoint, subjects, self._budget, adapter=adapter, attach=attach, strength=strength
            )
            figures.append(_measure(name, strength, self._eval_net, subjects, self._without, pixels))
        return figures

    def mixing(self, adapter: FaceAdapter) -> Mixing:
        """The mixing figures of one adapter."""
        self._notify("generating mixed people")
        return measure_mixing(self.checkpoint, adapter, self.encoder, self._eval_net, self._held_out, self._budget)

    def results(self, figures: list[Figures], mixing: Mixing) -> Results:
        """All figures with their budget."""
        models = self._models
        where = models.checkpoint.parent.name
        return Results(self._budget, tuple(figures), self._reference, self.seconds, models.trained, where, mixing)


def train_variant(
    variant: Variant,
    common: SharedInputs,
    folder: Path,
    budget: Budget,
    notify: Callable[[str], None],
) -> tuple[Any, Attach]:
    """Train a variant; return its module with averaged weights, and the function that attaches it.

    Resumes the training in ``folder``, so that variants can also be trained in parallel by separate calls.
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
    work = folder / "".join(c if c.isalnum() else "-" for c in variant.name)
    trainer = Trainer(
        checkpoint,
        common.encoder,
        module,
        Batches(common.people, checkpoint.tokenizer, settings, latents=common.latents),
        settings,
        work,
        resume=(work / "state.safetensors").is_file(),
        attach=attach,
        save=save_parallel if variant.parallel else save_adapter,
    )

    def report(losses: StepLosses) -> bool:
        if losses.step % 50 == 0:
            notify(f"{variant.name}: step {losses.step} of {settings.steps}, loss {losses.loss:.4f}")
        return True

    trainer.run(report)
    for name, value in module.named_parameters():
        value.data = trainer.average[name]
    return module.eval().requires_grad_(requires_grad=False), attach


@torch.no_grad()
def _reconstruct(checkpoint: Checkpoint, pixels: Pixels) -> Pixels:
    """Reconstructions of pictures by the VAE: an upper bound for every adapter."""
    vae = checkpoint.vae
    parts = []
    for part in torch.split(to_eval_net(pixels), 16):
        decoded = vae.decode(vae.encode(part).latent_dist.mean).sample
        parts.append(((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)


def _generate(
    checkpoint: Checkpoint,
    subjects: Subjects,
    budget: Budget,
    *,
    adapter: FaceModule | None = None,
    attach: Attach = attach_serial,
    strength: float = 0.0,
) -> Pixels:
    """A picture of every subject, uint8 [n, s, s, 3]; seeds are the same for every variant."""
    sampling = SamplingSettings(budget.side, budget.draw_steps, budget.cfg)
    parts = [
        subjects.generate(checkpoint, rows, sampling, budget.seed, adapter=adapter, attach=attach, strength=strength)
        for rows in subjects.batches(BATCH)
    ]
    return np.concatenate(parts)


def _measure(
    variant: str, strength: float, eval_net: EvalNet, subjects: Subjects, without: Pixels, pixels: Pixels
) -> Figures:
    prediction = predict(eval_net, pixels)
    share, cosine = retrieval(prediction.identity, subjects.gallery, subjects.persons)
    return Figures(
        variant,
        strength,
        share,
        cosine,
        caption_accuracy(prediction, subjects.attributes),
        change_outside(without, pixels, prediction.boxes),
        spread(prediction.yaw, subjects.persons),
        spread(prediction.smile, subjects.persons),
    )
