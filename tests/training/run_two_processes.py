"""Run by test_processes.py in each of several processes; what each found goes into a file of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch import nn

from facechain_ext.training.processes import Processes
from research.tiny_models import Schedule
from research.tiny_models.run import train_tiny_models
from research.tiny_models.stage import train_stage
from tests.research.tiny_models.test_training import TINY

STEPS, ROWS, RATE, STOP = 6, 4, 0.1, 3


class Nearer:
    """One number that is to be near the numbers that are drawn."""

    def __init__(self) -> None:
        self.module = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.module.weight)

    def losses(self, rng, _generator, batch):
        wanted = torch.from_numpy(rng.normal(3.0, 1.0, (batch, 1))).float()
        return {"loss": (self.module(torch.ones(batch, 1)) - wanted).square().mean()}


def main() -> None:
    folder, processes = Path(sys.argv[1]), Processes()
    stage, seen = Nearer(), []

    def report(step, _steps, losses):
        seen.append(losses["loss"])
        return processes.first or step != STOP

    schedule = Schedule(STEPS, ROWS, RATE, warm_up=1, ema=0.0)
    stopped = train_stage(stage, schedule, folder / "stage", seed=5, save_every=100, report=report)
    at_stop = float(stage.module.weight.detach())
    train_stage(stage, schedule, folder / "stage", seed=5, save_every=100)
    shown = set()
    train_tiny_models(TINY, folder / "work", folder / "out", on_progress=lambda name, *_: shown.add(name) or True)
    found = {
        "count": processes.count,
        "finished": stopped,
        "at_stop": at_stop,
        "weight": float(stage.module.weight.detach()),
        "losses": seen,
        "shown": sorted(shown),
    }
    (folder / f"found-{processes.index}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
