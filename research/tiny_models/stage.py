"""One part of the training: its loop, its state between two runs, its curve."""

from __future__ import annotations

import csv
import logging
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import nn

from facechain_ext.errors import HostError
from facechain_ext.training.adapter.state import Progress, load_state, read_progress, save_state
from facechain_ext.training.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor

    from research.tiny_models.plan import Schedule

    Report = Callable[[int, int, Mapping[str, float]], bool]

log = logging.getLogger(__name__)

CURVE = "curve.csv"


class Stage(Protocol):
    """Something to train: ``module`` holds every trained weight, ``losses`` computes one step's."""

    module: nn.Module

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """Losses by name; the one called "loss" is descended."""
        ...


def train_stage(
    stage: Stage,
    schedule: Schedule,
    folder: Path,
    *,
    seed: int,
    save_every: int,
    report: Report = lambda _step, _steps, _losses: True,
) -> bool:
    """Train up to ``schedule.steps``, going on where ``folder`` stopped; False when ``report`` stopped it.

    Processes that ``torchrun`` started together share each step's rows; the first one writes. At the end, and only
    then, the averaged weights are in the module. What a step sees depends on seed, step and process alone, so a
    resumed training makes the same updates as one that never stopped; only the number of steps may be another than
    before, which bends the rate, and the number of processes. Raises HostError when the loss is not a number, when a
    state of another schedule lies there, and when the processes cannot share the rows.
    """
    processes = Processes()
    rows = processes.rows(schedule.batch)
    folder.mkdir(parents=True, exist_ok=True)
    module = stage.module.train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay, fused=True)
    average = {name: value.detach().clone() for name, value in module.named_parameters()}
    settings = {"seed": seed, **vars(schedule)}
    step = _resume(folder, module, optimizer, average, settings)
    sums: dict[str, float] = {}
    noted = step
    while step < schedule.steps:
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        rng = np.random.default_rng((seed, step) if processes.first else (seed, step, processes.index))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        losses = stage.losses(rng, generator, rows)
        values = processes.means({name: float(value.detach()) for name, value in losses.items()})
        if not np.isfinite(values["loss"]):
            raise HostError(f"The loss of step {step + 1} in {folder.name} is not a number; lower its rate.")
        optimizer.zero_grad()
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        processes.share_gradients(module)
        nn.utils.clip_grad_norm_(module.parameters(), schedule.clip)
        optimizer.step()
        _average(module, average, schedule.decay_at(step))
        step += 1
        sums = {name: sums.get(name, 0.0) + value for name, value in values.items()}
        going = processes.all_agree(report(step, schedule.steps, values))
        if not going or step % save_every == 0 or step == schedule.steps:
            with processes.first_goes_first():  # nobody goes on from a state that is not written yet
                if processes.first:
                    save_state(folder, module, optimizer, average, Progress(step, settings, {}))
                    note(folder / CURVE, step, {name: value / (step - noted) for name, value in sums.items()})
            sums, noted = {}, step
        if not going:
            return False
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(average[name])
    module.eval()
    return True


def _average(module: nn.Module, average: dict[str, Tensor], decay: float) -> None:
    names, values = zip(*module.named_parameters(), strict=True)
    with torch.no_grad():
        torch._foreach_lerp_([average[name] for name in names], list(values), 1.0 - decay)


def _resume(
    folder: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    settings: dict[str, object],
) -> int:
    earlier = read_progress(folder)
    if earlier is None:
        return 0
    differing = [name for name, value in settings.items() if name != "steps" and earlier.settings.get(name) != value]
    if differing:
        raise HostError(f"{folder} holds a training with other {', '.join(differing)}; choose another folder.")
    load_state(folder, module, optimizer, average)
    log.info("%s goes on at step %d", folder.name, earlier.step)
    return earlier.step


def note(path: Path, step: int, losses: Mapping[str, float]) -> None:
    """Add a line to a curve; the first one names its columns."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", *losses])
        writer.writerow([step, *(f"{value:.6f}" for value in losses.values())])


def read_curve(folder: Path) -> dict[str, list[float]]:
    """The means of the losses since the last note, by name, and the steps they were noted at."""
    path = folder / CURVE
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
