"""One stage of the training: its precision, its loop, its saved state and its loss curve."""

from __future__ import annotations

import csv
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from facechain_ext.errors import HostError
from facechain_ext.training.adapter.state import Progress, load_state, read_progress, save_state
from facechain_ext.training.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from torch import Tensor

    from research.tiny_models.plan import Schedule

    Report = Callable[[int, int, Mapping[str, float]], bool]

log = logging.getLogger(__name__)

CURVE = "curve.csv"


@contextmanager
def bfloat16() -> Iterator[None]:
    """Compute in bfloat16 on the CPU, with unfused attention: PyTorch's fused one is five times slower there.

    Measured: a step of 32 rows of 96 pixels takes 1.5 s on one core with bfloat16 units, 1.8 s in float32.
    """
    settings = torch.backends.cuda  # these settings hold for the CPU as well
    allowed = settings.fp16_bf16_reduction_math_sdp_allowed()  # type: ignore[no-untyped-call]
    settings.allow_fp16_bf16_reduction_math_sdp(enabled=True)
    try:
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        settings.allow_fp16_bf16_reduction_math_sdp(enabled=allowed)


class Stage(Protocol):
    """What a training loop needs: ``module`` holds every trained weight, ``losses`` computes one step."""

    module: nn.Module

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """Scalars by name; the one called "loss" is minimised."""
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
    """Train up to ``schedule.steps``, resuming the state in ``folder``; return False when ``report`` returned False.

    Processes that ``torchrun`` started together share each step's rows; the first one writes. The averaged weights are
    copied into the module at the end only. A step's batch depends on seed, step and process alone, so a resumed
    training makes the same updates as an uninterrupted one; only the number of steps (which changes the rate) and of
    processes may differ from before. Raises HostError when the loss is not finite, when the folder holds a state of
    another schedule, and when the rows cannot be divided among the processes.
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
    saved_step = step
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
        processes.average_gradients(module)
        nn.utils.clip_grad_norm_(module.parameters(), schedule.clip)
        optimizer.step()
        _update_average(module, average, schedule.decay_at(step))
        step += 1
        sums = {name: sums.get(name, 0.0) + value for name, value in values.items()}
        keep_going = processes.all_agree(agreed=report(step, schedule.steps, values))
        if not keep_going or step % save_every == 0 or step == schedule.steps:
            with processes.main_process_first():  # no process resumes from a state that is not written yet
                if processes.first:
                    save_state(folder, module, optimizer, average, Progress(step, settings, {}))
                    append_curve(
                        folder / CURVE, step, {name: value / (step - saved_step) for name, value in sums.items()}
                    )
            sums, saved_step = {}, step
        if not keep_going:
            return False
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(average[name])
    module.eval()
    return True


def _update_average(module: nn.Module, average: dict[str, Tensor], decay: float) -> None:
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


def append_curve(path: Path, step: int, losses: Mapping[str, float]) -> None:
    """Append a row to a curve file; a new file gets a header first."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["step", *losses])
        writer.writerow([step, *(f"{value:.6f}" for value in losses.values())])


def read_curve(folder: Path) -> dict[str, list[float]]:
    """Columns by name: the steps, and each loss's mean since the row before; empty without a file."""
    path = folder / CURVE
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
