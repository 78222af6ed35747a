"""One policy says where networks compute, and what a lack of memory looks like."""

from __future__ import annotations

import pytest
import torch

from facechain_ext import devices

CPU, MPS = torch.device("cpu"), torch.device("mps")


@pytest.fixture
def machine(monkeypatch):
    """Makes this machine look like another one."""

    def like(*, cuda=None, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda is not None)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return like


@pytest.mark.parametrize(
    ("facts", "diffusion", "face", "dtype"),
    [
        ({}, CPU, CPU, torch.float32),
        ({"mps": True}, MPS, CPU, torch.float32),
        ({"cuda": 0}, torch.device("cuda:0"), torch.device("cuda:0"), torch.float16),
        ({"cuda": 1, "mps": True}, torch.device("cuda:1"), torch.device("cuda:1"), torch.float16),
    ],
)
def test_standalone_the_best_device_is_used(machine, facts, diffusion, face, dtype):
    machine(**facts)
    assert devices.standalone_policy() == devices.DevicePolicy(diffusion, face)
    assert devices.default_dtype(diffusion) == dtype
    assert devices.default_dtype(str(diffusion)) == dtype


def test_a_host_brings_a_policy_of_its_own(monkeypatch):
    monkeypatch.setattr(devices._configuration, "policy", devices.standalone_policy)
    devices.use_policy(lambda: devices.DevicePolicy(MPS, torch.device("cuda:3")))
    assert (devices.diffusion_device(), devices.face_device()) == (MPS, torch.device("cuda:3"))


@pytest.mark.parametrize(("place", "background"), [("cuda:1", True), ("mps", False), ("cpu", False), ("xpu", False)])
def test_only_copies_to_cuda_go_on_in_the_background(place, background):
    assert devices.copies_in_background(torch.device(place)) is background


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("Could not allocate tensor with 536870912 bytes. There is not enough GPU video memory"), True),
        (RuntimeError("Not enough memory, use lower resolution (max approx. 640x640)"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_recognised_on_every_device(error, lack):
    assert devices.is_out_of_memory(error) is lack
