"""Seconds, memory and operations of one step, each variant beside the bare U-Net in the same run."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from facechain_ext.standalone.bench.variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.standalone.bench.variants import Bench, Case


@dataclass(frozen=True)
class Result:
    """One variant of one case: median seconds a step, its ratio to the bare step, peak memory and operations.

    ``megabytes`` is what the step needed above what was there before it, and None where the system does not say;
    ``operations`` are multiply-adds of one step.
    """

    case: Case
    variant: str
    seconds: float
    ratio: float
    megabytes: float | None
    operations: float


def measure(bench: Bench, case: Case, *, repeats: int = 3, report: Callable[[str], None] | None = None) -> list[Result]:
    """Run every variant ``repeats`` times, interleaved, so that whatever else the machine does hits all alike."""
    sample, text = bench.inputs(case)

    def step() -> None:
        with torch.no_grad():
            bench.unet(sample, 500, text)
        _finish(bench)

    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    memory: dict[str, float | None] = {}
    operations: dict[str, float] = {}
    for turn in range(repeats + 1):
        for name, variant in VARIANTS.items():
            with variant(bench):
                step()  # prepares the face's keys, once a picture
                if turn == 0:
                    memory[name] = _peak(bench, step)
                    operations[name] = _operations(step)
                    continue
                start = time.perf_counter()
                step()
                seconds[name].append(time.perf_counter() - start)
                if report:
                    report(f"{case.side} px, batch {case.batch}, {name}: {seconds[name][-1]:.3f} s")
    base = statistics.median(seconds[next(iter(VARIANTS))])
    return [
        Result(case, name, statistics.median(s), statistics.median(s) / base, memory[name], operations[name])
        for name, s in seconds.items()
    ]


def _finish(bench: Bench) -> None:
    if bench.device.type == "cuda":
        torch.cuda.synchronize(bench.device)


def _operations(step: Callable[[], None]) -> float:
    # only the plain attention is counted by torch on every device
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        step()
    return float(counter.get_total_flops()) / 2


def _peak(bench: Bench, step: Callable[[], None]) -> float | None:
    """Megabytes that ``step`` needs at its highest, above what is held before it."""
    gc.collect()
    if bench.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(bench.device)
        before = float(torch.cuda.memory_allocated(bench.device))
        step()
        return (torch.cuda.max_memory_allocated(bench.device) - before) / 1e6
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    reset.write_text("5", encoding="ascii")  # the kernel's way to reset the highest resident size
    before = _status("VmRSS")
    step()
    return (_status("VmHWM") - before) / 1e3


def _status(field: str) -> float:
    """A field of the process's status in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(field)))
