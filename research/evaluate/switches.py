"""What each switch that makes the face cheaper costs: likeness, words, and distance from the exact picture."""

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
from facechain_ext.training.adapter.sampling import Drawing
from research.evaluate.eval_net import ask
from research.evaluate.measure import caption_accuracy, retrieval
from research.evaluate.subjects import BATCH, eval_net_of, held_out, subjects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from research.evaluate.budget import Budget
    from research.evaluate.subjects import Subjects

STEPS = 20
"""Steps of the exact pictures: enough that an automatic region is measured again while they are made."""
FEW_STEPS = 6
BOX_MARGIN = 0.5
"""A drawn box is the face's widened by this share of its sides, for hair and ears."""
TARGET_PSNR = 35.0
"""Decibels against the exact picture that the automatic region is to reach."""


@dataclass(frozen=True)
class Switch:
    """One way of making the same pictures: what ``attach`` gets, made anew for each batch, and the drawing's settings.

    ``alone`` draws each picture by itself: a region of its own belongs to one picture. ``boxed`` gives each the region
    of the face in its exact picture.
    """

    name: str
    settings: Callable[[], dict[str, Any]] = dict
    steps: int = STEPS
    sampler: str = "DDIM"
    alone: bool = False
    boxed: bool = False


SWITCHES = (
    Switch("exact"),
    Switch("automatic region", lambda: {"options": AttachOptions(automatic=AutomaticRegion())}, alone=True),
    Switch("region: a box around the face", alone=True, boxed=True),
    Switch("window 0 to 0.8", lambda: {"window": (0.0, 0.8)}),
    Switch("every second step", lambda: {"options": AttachOptions(reuse=IncrementCache())}),
    Switch("prompt's rows alone", lambda: {"options": AttachOptions(conditional_only=True)}),
    Switch(f"LCM sampler, {FEW_STEPS} steps", steps=FEW_STEPS, sampler="LCM"),
    Switch(f"DDIM, {FEW_STEPS} steps", steps=FEW_STEPS),
)
"""The first is what the others are compared with."""


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
    small: TinyModels,
    folder: Path,
    budget: Budget,
    strength: float = 1.0,
    *,
    switches: Sequence[Switch] = SWITCHES,
    say: Callable[[str], None] = lambda _words: None,
) -> list[Cost]:
    """Draw every held-out person with every switch and the same seeds; the judge is trained once in ``folder``."""
    torch.manual_seed(budget.seed)
    say("the judge")
    judge = eval_net_of(folder / "judge.safetensors", budget)
    subjects, _ = subjects_of(held_out(budget), judge, TransFace.from_file(small.encoder), budget)
    checkpoint, adapter = load_checkpoint(small.checkpoint), load_adapter(small.adapter)
    exact: Pixels | None = None
    boxes: Tensor | None = None
    costs = []
    for switch in switches:
        say(switch.name)
        covered: list[float] = []
        pixels = _drawn(checkpoint, adapter, subjects, budget, switch, strength, boxes, covered)
        verdict = ask(judge, pixels)
        if exact is None:
            exact, boxes = pixels, verdict.boxes
        share, cosine = retrieval(verdict.identity, subjects.gallery, subjects.who)
        decibels = psnr(exact, pixels)
        costs.append(
            Cost(
                switch.name,
                share,
                cosine,
                caption_accuracy(verdict, subjects.wanted),
                float(np.median(decibels)),
                float(decibels.min()),
                float((decibels >= TARGET_PSNR).mean()),
                float(np.mean(covered)) if covered else None,
            )
        )
    return costs


def psnr(wanted: Pixels, got: Pixels) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Decibels of each picture uint8 [n, s, s, 3] against the wanted one; infinite where they are the same."""
    squares = ((wanted.astype(np.float64) - got) ** 2).mean((1, 2, 3))
    with np.errstate(divide="ignore"):
        decibels: np.ndarray[Any, np.dtype[np.float64]] = 10 * np.log10(255**2 / squares)
    return decibels


def page(costs: Sequence[Cost], strength: float, budget: Budget, command: str) -> str:
    """The table as Markdown, with what its columns mean."""
    lines = [
        f"Made by `{command}`: {budget.held_out * budget.each} pictures of drawn people that no model knows, strength "
        f"{strength:g}, CFG {budget.cfg:g}, {STEPS} steps of DDIM unless the row says another number.",
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


def _drawn(
    checkpoint: Checkpoint,
    adapter: Any,
    subjects: Subjects,
    budget: Budget,
    switch: Switch,
    strength: float,
    boxes: Tensor | None,
    covered: list[float],
) -> Pixels:
    """A picture of every subject."""
    drawing = Drawing(budget.side, switch.steps, budget.cfg, switch.sampler)
    parts = []
    for rows in subjects.batches(1 if switch.alone else BATCH):
        settings = switch.settings()
        if switch.boxed:
            assert boxes is not None
            settings["region"] = _region(boxes[rows.start], budget.side // 8)

        def acting(
            unet: Any, module: Any, tokens: Tensor, scale: float, settings: dict[str, Any] = settings
        ) -> AbstractContextManager[Any]:
            attachment = attach(unet, module, tokens, strength=scale, **settings)
            half = len(tokens) // 2
            attachment.set_rows([False] * half + [True] * half)
            return attachment

        parts.append(
            subjects.draw(checkpoint, rows, drawing, budget.seed, adapter=adapter, attach=acting, strength=strength)
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
