"""Two processes that train one module on the CPU, started as users start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.training.processes import Processes
from research.tiny_models import Schedule
from tests.training.run_two_processes import RATE, ROWS, STEPS, STOP

SCRIPT = Path(__file__).with_name("run_two_processes.py")


def start(count, folder):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count)]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[2]), "OMP_NUM_THREADS": "1"}
    command += [str(SCRIPT), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    done = start(2, folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, [json.loads((folder / f"found-{n}.json").read_text(encoding="utf-8")) for n in (0, 1)]


def plainly():
    """The weight after each step, and the loss before it, of one process that is given the rows of both."""
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.AdamW([weight], lr=RATE, weight_decay=0.01)
    rate = Schedule(STEPS, ROWS, RATE, warm_up=1).rate_at
    weights, losses = [], []
    for step in range(STEPS):
        rows = []
        for seed in ((5, step), (5, step, 1)):
            rng = np.random.default_rng(seed)
            rng.integers(2**62)  # the seed of torch's numbers
            rows.append(rng.normal(3.0, 1.0, ROWS // 2))
        wanted = torch.from_numpy(np.concatenate(rows)).float()
        optimizer.param_groups[0]["lr"] = rate(step)
        optimizer.zero_grad()
        loss = (weight - wanted).square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([weight], 1.0)
        optimizer.step()
        weights.append(float(weight.detach()))
        losses.append(float(loss.detach()))
    return weights, losses


def test_two_processes_make_the_updates_of_one(found):
    weights, losses = plainly()
    for one in found[1]:
        assert one["count"] == 2
        assert one["weight"] == pytest.approx(weights[-1], abs=1e-5)
        assert one["losses"] == pytest.approx(losses[:STOP], abs=1e-4)


def test_when_one_is_stopped_all_stop_at_that_step_and_go_on_together(found):
    weights, _ = plainly()
    for one in found[1]:
        assert one["finished"] is False
        assert one["at_stop"] == pytest.approx(weights[STOP - 1], abs=1e-5)


def test_the_tiny_models_come_out_once_and_only_the_first_process_shows_progress(found):
    folder, (first, second) = found
    assert load_checkpoint(folder / "out" / "checkpoint.safetensors").unet.config.cross_attention_dim == 64
    assert {path.name for path in (folder / "out").glob("*")} >= {"adapter.safetensors", "openpose.safetensors"}
    assert {"pictures", "encoder", "vae", "base", "adapter", "control"} < set(first["shown"])
    assert second["shown"] == []
    assert not list(folder.rglob("*.part"))


def test_rows_that_cannot_be_shared_are_refused():
    class Three(Processes):
        count = 3

    assert Three().rows(6) == 2
    with pytest.raises(HostError, match="8 rows cannot be shared by 3 processes"):
        Three().rows(8)


def test_a_single_process_changes_nothing():
    alone = Processes()
    module = torch.nn.Linear(2, 1)
    alone.average_gradients(module)
    assert (alone.count, alone.index, alone.first) == (1, 0, True)
    assert module.weight.grad is None
    assert alone.means({"a": 1.5}) == {"a": 1.5}
    assert [alone.all_agree(agreed=vote) for vote in (True, False)] == [True, False]
