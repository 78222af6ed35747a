"""Multiply-adds of a step, counted on the meta device."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from facechain_ext.bench.variants import Bench

if TYPE_CHECKING:
    from facechain_ext.bench.variants import Case, Variant


def operations(case: Case, variant: Variant, frames: int = 0) -> float:
    """Multiply-adds of one step of the full-size U-Net, the mean over the variant's steps by their shares."""
    bench = _shapes(frames)
    sample, text = bench.inputs(case)
    arguments = variant.arguments(bench, case)
    total = 0.0
    # torch counts only unfused attention, and the time embedding is computed on the timestep's device
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), variant.attached(bench, case) as attachment:
        for step in variant.steps:
            if attachment is not None:
                attachment.set_progress(step.progress)
            with FlopCounterMode(display=False) as counter:
                bench.unet(sample, torch.tensor(500, device="meta"), text, **arguments)
            total += step.share * counter.get_total_flops() / 2
    return total


@cache
def _shapes(frames: int) -> Bench:
    """The full-size U-Net without weights."""
    return Bench.build("meta", torch.float32, frames=frames)
