"""What each speed switch costs: likeness, prompt adherence, and distance from the exact picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import AttachOptions, attach, load_adapter
from facechain_ext.methods.fact.automatic import AutomaticRegion
from facechain_ext.methods.fact.increment_cache import IncrementCache
from facechain_ext.training.adapter.sampling import SamplingSettings
from research.evaluate.eval_net import predict
from research.evaluate.measure import caption_accuracy, retrieval
from research.evaluate.subjects import BATCH, held_out_people, load_or_train_eval_net, prepare_subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.methods.fact import Attachment, FaceAdapter
    from research.evaluate.budget import Budget
    from research.evaluate.subjects import Subjects

STEPS = 20
"""Steps of the exact pictures, enough for the automatic region to be measured again during sampling."""
FEW_STEPS = 6
BOX_MARGIN = 0.5
"""Share of its sides by which the face box is widened to include hair and ears."""
TARGET_PSNR = 35.0
"""Target of the automatic region, in decibels against the exact picture."""


@dataclass(frozen=True)
class Switch:
    """One way of generating the same pictures: new keywords for ``attach`` for each batch, and sampling settings.

    ``one_by_one`` generates pictures singly, since a region belongs to one picture. ``in_face_box`` gives each the
    region of the face in its exact picture.
    """

    name: str
    settings: Callable[[], dict[str, Any]] = dict
    steps: int = STEPS
    sampler: str = "DDIM"
    one_by_one: bool = False
    in_face_box: bool = False


SWITCHES = (
    Switch("exact"),
    Switch("automatic region", lambda: {"options": AttachOptions(automatic=AutomaticRegion())}, one_by_one=True),
    Switch("region: a box around the face", one_by_one=True, in_face_box=True),
    Switch("window 0 to 0.8", lambda: {"window": (0.0, 0.8)}),
    Switch("every second step", lambda: {"options": AttachOptions(reuse=IncrementCache())}),
    Switch("prompt's rows alone", lambda: {"options": AttachOptions(conditional_only=True)}),
    Switch(f"LCM sampler, {FEW_STEPS} steps", steps=FEW_STEPS, sampler="LCM"),
    Switch(f"DDIM, {FEW_STEPS} steps", steps=FEW_STEPS),
)
"""The switches that are compared; the first is the reference."""


@dataclass(frozen=True)
class Cost:
    """One switch: likeness (``retrieval`` as a share, mean ``cosine``), ``caption`` as a share, and the error.

    ``psnr`` is the median over pictures of the decibels against the exact one, infinite where nothing differs;
    ``worst`` the lowest of them; ``near`` the share of pictures with TARGET_PSNR or more; ``covered`` the mean part of
    the picture that an automatic region covered, None for the others.
    """

    name: str
    retrieval: float
    cosine: float
    caption: float
    psnr: float
    worst: float
    near: float
    covered: float | None = None


def switch_costs(
    models: TinyModels,
    folder: Path,
    budget: Budget,
    strength: float = 1.0,
    *,
    switches: Sequence[Switch] = SWITCHES,
    notify: Callable[[str], None] = lambda _words: None,
) -> list[Cost]:
    """Generate every held-out person with every switch and the same seeds; the eval net is cached in ``folder``."""
    torch.manual_seed(budget.seed)
    notify("the eval net")
    eval_net = load_or_train_eval_net(folder / "eval_net.safetensors", budget)
    subjects, _ = prepare_subjects(held_out_people(budget), eval_net, TransFace.from_file(models.encoder), budget)
    checkpoint, adapter = load_checkpoint(models.checkpoint), load_adapter(models.adapter)
    exact: Pixels | None = None
    boxes: Tensor | None = None
    costs = []
    for switch in switches:
        notify(switch.name)
        covered: list[float] = []
        pixels = _generate(checkpoint, adapter, subjects, budget, switch, strength, boxes, covered)
        prediction = predict(eval_net, pixels)
        if exact is None:
            exact, boxes = pixels, prediction.boxes
        share, cosine = retrieval(prediction.identity, subjects.gallery, subjects.persons)
        decibels = psnr(exact, pixels)
        costs.append(
            Cost(
                switch.name,
                share,
                cosine,
                caption_accuracy(prediction, subjects.attributes),
                float(np.median(decibels)),
                float(decibels.min()),
                float((decibels >= TARGET_PSNR).mean()),
                float(np.mean(covered)) if covered else None,
            )
        )
    return costs


def psnr(expected: Pixels, actual: Pixels) -> NDArray[np.float64]:
    """Decibels of each picture uint8 [n, s, s, 3] against the expected one; infinite where they are equal."""
    squares = ((expected.astype(np.float64) - actual) ** 2).mean((1, 2, 3))
    with np.errstate(divide="ignore"):
        decibels: NDArray[np.float64] = 10 * np.log10(255**2 / squares)
    return decibels


def page(costs: Sequence[Cost], strength: float, budget: Budget, command: str) -> str:
    """The table as Markdown, with what its columns mean."""
    lines = [
        f"Made by `{command}`: {budget.held_out * budget.each} pictures of rendered people that no model knows, "
        f"strength {strength:g}, CFG {budget.cfg:g}, {STEPS} steps of DDIM unless the row says another number.",
        "",
        "| switch | PSNR against exact, median | lowest | 35 dB or more | retrieval | cosine | caption |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in costs:
        name = one.name if one.covered is None else f"{one.name} ({one.covered:.0%} of the picture)"
        near = "–" if np.isinf(one.psnr) and np.isinf(one.worst) else f"{one.near:.0%}"
        lines.append(
            f"| {name} | {_decibels(one.psnr)} | {_decibels(one.worst)} | {near} | {one.retrieval:.1%} "
            f"| {one.cosine:.3f} | {one.caption:.1%} |"
        )
    return "\n".join(lines) + "\n"


def _decibels(value: float) -> str:
    return "the same" if np.isinf(value) else f"{value:.1f} dB"


def _generate(
    checkpoint: Checkpoint,
    adapter: FaceAdapter,
    subjects: Subjects,
    budget: Budget,
    switch: Switch,
    strength: float,
    boxes: Tensor | None,
    covered: list[float],
) -> Pixels:
    """A picture of every subject, uint8 [n, s, s, 3]; appends the coverage of automatic regions to ``covered``."""
    sampling = SamplingSettings(budget.side, switch.steps, budget.cfg, switch.sampler)
    parts = []
    for rows in subjects.batches(1 if switch.one_by_one else BATCH):
        settings = switch.settings()
        if switch.in_face_box:
            assert boxes is not None
            settings["region"] = _region(boxes[rows.start], budget.side // 8)

        def attach_switched(
            unet: nn.Module, module: FaceAdapter, tokens: Tensor, scale: float, settings: dict[str, Any] = settings
        ) -> AbstractContextManager[Attachment]:
            attachment = attach(unet, module, tokens, strength=scale, **settings)
            half = len(tokens) // 2
            attachment.set_rows([False] * half + [True] * half)
            return attachment

        parts.append(
            subjects.generate(
                checkpoint, rows, sampling, budget.seed, adapter=adapter, attach=attach_switched, strength=strength
            )
        )
        options = settings.get("options")
        if options is not None and options.automatic is not None:
            covered.append(options.automatic.coverage)
    return np.concatenate(parts)


def _region(box: Tensor, side: int) -> Tensor:
    """A face's box [4] (left, top, right, bottom in 0..1), widened, as a mask [side, side]."""
    left, top, right, bottom = box.tolist()
    dx, dy = BOX_MARGIN * (right - left), BOX_MARGIN * (bottom - top)
    mask = torch.zeros(side, side)
    mask[_cells(top - dy, bottom + dy, side), _cells(left - dx, right + dx, side)] = 1
    return mask


def _cells(low: float, high: float, side: int) -> slice:
    start = min(max(int(low * side), 0), side - 1)
    return slice(start, max(int(np.ceil(min(high, 1.0) * side)), start + 1))
