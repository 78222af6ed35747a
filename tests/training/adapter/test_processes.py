"""Several processes through accelerate (on the CPU), and bfloat16."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from facechain_ext.demo import random_models
from facechain_ext.methods.fact import load_adapter
from facechain_ext.training.adapter.trainer import read_losses

SCRIPT = Path(__file__).with_name("two_processes.py")


@pytest.mark.parametrize(("processes", "precision"), [(2, "no"), (1, "bf16")])
def test_processes_train_one_adapter(tmp_path, processes, precision):
    random_models(tmp_path / "small")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    command += [str(SCRIPT), str(tmp_path), precision, str(processes)]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[3]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "same").is_file()
    assert [row.step for row in read_losses(tmp_path / "run")] == [1, 2, 3]
    load_adapter(tmp_path / "run" / "adapter-000003.safetensors")
