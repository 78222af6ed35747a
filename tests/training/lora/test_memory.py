"""The memory that is told before a LoRA is learned: SD1.5's measured figures, and what follows from them."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.training.lora import memory
from facechain_ext.training.lora.memory import MemoryNeed, memory_need
from facechain_ext.training_runs.settings import LoraSettings

GIB = 2**30
SD15 = 859_520_964
MODELS = 4.6
"""GiB that were taken without activations: 7.4 with one picture, 10.2 with two."""


@pytest.mark.parametrize(
    ("settings", "measured"),
    [({}, 7.4), ({"batch": 2}, 10.2), ({"batch": 2, "checkpointing": True}, 8.2)],
)
def test_it_is_what_was_measured_on_a_full_size_checkpoint(settings, measured):
    need = memory_need(LoraSettings(**settings), SD15, 0, torch.device("cpu"))
    assert need.needed / GIB + MODELS == pytest.approx(measured, abs=0.05)
    assert need.free > 0


def test_it_grows_with_the_area_and_the_network_and_halves_in_bfloat16():
    def needed(parameters=SD15, learned=0, **settings):
        return memory_need(LoraSettings(**settings), parameters, learned, torch.device("cpu")).needed

    whole = needed()
    assert needed(size=256) == pytest.approx(whole / 4)
    assert needed(precision="bf16") == pytest.approx(whole / 2)
    assert needed(parameters=3 * SD15) == pytest.approx(3 * whole)
    assert needed(reward=1.0) == pytest.approx(2 * whole + 5.2e9)
    assert needed(learned=1000) == pytest.approx(whole + 12_000)


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (None, "Learning needs about 3.0 GiB of memory beside the models."),
        (4 * GIB, "Learning needs about 3.0 GiB of memory beside the models; 4.0 GiB are free."),
        (2 * GIB, "Learning needs about 3.0 GiB of memory beside the models; 2.0 GiB are free. It may end for want of "
                  "memory: choose a smaller training size."),
    ],
)  # fmt: skip
def test_what_is_said(free, words):
    assert MemoryNeed(3.0 * GIB, free).words == words


def test_what_is_free_is_asked_of_the_device(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda device: 7 if device.type == "cuda" else 5)
    assert memory_need(LoraSettings(), SD15, 0, torch.device("cuda")).free == 7
