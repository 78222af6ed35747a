"""Seconds and memory of one step, each variant beside the bare U-Net in the same round."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.bench.variants import Bench, Case, Variant

_GPU_TURNS = 5
"""Times that a variant's steps are run in one round on a GPU, where one step is too short to be timed."""
_ROOM = 0.9
"""Share of the free memory that a variant may ask for."""


@dataclass(frozen=True)
class Measurement:
    """One variant in one round: seconds a step, and megabytes that it needed above what was held before it."""

    seconds: float
    megabytes: float | None


def too_large(bench: Bench, case: Case, variant: Variant) -> str:
    """Why a variant is left out for want of memory; "" when it is not."""
    needed, free = variant.needs(bench, case), free_memory(bench.device)
    if free is None or needed <= _ROOM * free:
        return ""
    return f"it needs {needed / 1e9:.0f} GB of memory, and {free / 1e9:.0f} GB are free"


def one_round(
    bench: Bench, case: Case, variants: Sequence[Variant], *, report: Callable[[str], None] = lambda _words: None
) -> dict[str, Measurement | str]:
    """Run each variant once, one after the other: whatever else the machine does meanwhile hits all alike.

    A variant that runs out of the GPU's memory gives a sentence instead.
    """
    taken: dict[str, Measurement | str] = {}
    for variant in variants:
        try:
            one = taken[variant.name] = _timed(bench, case, variant)
            report(f"{case.side} px, batch {case.batch}, {variant.name}: {one.seconds:.3f} s")
        except torch.cuda.OutOfMemoryError:
            taken[variant.name] = "the GPU's memory is too small"
        gc.collect()
    return taken


def warm_up(bench: Bench, case: Case) -> None:
    """One step that is not timed: what a process does once, and on a GPU once for each size."""
    sample, text = bench.inputs(case)
    with torch.no_grad():
        bench.unet(sample, 500, text)


def _timed(bench: Bench, case: Case, variant: Variant) -> Measurement:
    sample, text = bench.inputs(case)
    on_gpu = bench.device.type == "cuda"
    seconds, peak = 0.0, None
    with torch.no_grad(), variant.attached(bench, case) as attachment:
        for turn in range(_GPU_TURNS + 1 if on_gpu else 1):
            for step in variant.steps:
                if attachment is not None:
                    attachment.set_progress(step.progress)

                def run() -> None:
                    bench.unet(sample, 500, text)

                with _Memory(bench.device) as memory:
                    spent = _gpu_seconds(run) if on_gpu else _cpu_seconds(run)
                if on_gpu and not turn:
                    continue
                seconds += spent * step.share / (_GPU_TURNS if on_gpu else 1)
                if memory.megabytes is not None:
                    peak = max(memory.megabytes, peak or 0.0)
    return Measurement(seconds, peak)


def _cpu_seconds(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _gpu_seconds(run: Callable[[], None]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    start.record()
    run()
    end.record()
    torch.cuda.synchronize()
    milliseconds: float = start.elapsed_time(end)
    return milliseconds / 1e3


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    facts = Path("/proc/meminfo")
    return int(_field(facts, "MemAvailable") * 1e3) if facts.exists() else None


class _Memory:
    """``megabytes`` that the block needs at its highest, above what is held before it; None where nobody says."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0.0
        self.megabytes: float | None = None

    def __enter__(self) -> _Memory:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = float(torch.cuda.memory_allocated(self._device))
        elif _RESET.exists():
            _RESET.write_text("5", encoding="ascii")  # the kernel's way to reset the highest resident size
            self._before = _field(_STATUS, "VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        if self._device.type == "cuda":
            self.megabytes = (torch.cuda.max_memory_allocated(self._device) - self._before) / 1e6
        elif _RESET.exists():
            self.megabytes = (_field(_STATUS, "VmHWM") - self._before) / 1e3


_RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def _field(file: Path, name: str) -> float:
    """A field of one of the system's lists, in kB."""
    lines = file.read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))
