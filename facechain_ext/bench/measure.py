"""Time and memory of one step; each variant is measured in the same round as the bare U-Net."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from facechain_ext.devices import available_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.bench.variants import Bench, Case, Variant

_GPU_REPEATS = 5
"""Repeats of a variant's steps in one round on a GPU, where a single step is too short to time."""
_MEMORY_SHARE = 0.9
"""Largest share of the free memory that a variant may need."""


@dataclass(frozen=True)
class Measurement:
    """One variant in one round: seconds per step, and peak megabytes above the memory in use before."""

    seconds: float
    megabytes: float | None


def too_large(bench: Bench, case: Case, variant: Variant) -> str:
    """Why a variant needs more memory than there is; "" when it fits."""
    needed, free = variant.needs(bench, case), available_memory(bench.device)
    if free is None or needed <= _MEMORY_SHARE * free:
        return ""
    return f"it needs {needed / 1e9:.0f} GB of memory, and {free / 1e9:.0f} GB are free"


def one_round(
    bench: Bench, case: Case, variants: Sequence[Variant], *, report: Callable[[str], None] = lambda _words: None
) -> dict[str, Measurement | str]:
    """Measure each variant once, in turn, so that other load on the machine affects all alike.

    A variant that runs out of GPU memory gives the reason as text.
    """
    measured: dict[str, Measurement | str] = {}
    for variant in variants:
        try:
            one = measured[variant.name] = _timed(bench, case, variant)
            report(f"{case.side} px, batch {case.batch}, {variant.name}: {one.seconds:.3f} s")
        except torch.cuda.OutOfMemoryError:
            measured[variant.name] = "the GPU's memory is too small"
        gc.collect()
    return measured


def warm_up(bench: Bench, case: Case) -> None:
    """Run one untimed step, which does the work of the first call of a process and, on a GPU, of each size."""
    sample, text = bench.inputs(case)
    with torch.no_grad():
        bench.unet(sample, 500, text)


def _timed(bench: Bench, case: Case, variant: Variant) -> Measurement:
    sample, text = bench.inputs(case)
    arguments = variant.arguments(bench, case)
    on_gpu = bench.device.type == "cuda"
    seconds, peak = 0.0, None
    with torch.no_grad(), variant.attached(bench, case) as attachment:
        for repeat in range(_GPU_REPEATS + 1 if on_gpu else 1):
            for step in variant.steps:
                if attachment is not None:
                    attachment.set_progress(step.progress)

                def run() -> None:
                    bench.unet(sample, 500, text, **arguments)

                with _Memory(bench.device) as memory:
                    spent = _gpu_seconds(run) if on_gpu else _cpu_seconds(run)
                if on_gpu and not repeat:
                    continue
                seconds += spent * step.share / (_GPU_REPEATS if on_gpu else 1)
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


class _Memory:
    """Context that measures the peak ``megabytes`` above the memory in use at its start; None where unknown."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0.0
        self.megabytes: float | None = None

    def __enter__(self) -> _Memory:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = float(torch.cuda.memory_allocated(self._device))
        elif _RESET.exists():
            _RESET.write_text("5", encoding="ascii")  # resets the peak resident size (Linux proc)
            self._before = _field(_STATUS, "VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        if self._device.type == "cuda":
            self.megabytes = (torch.cuda.max_memory_allocated(self._device) - self._before) / 1e6
        elif _RESET.exists():
            self.megabytes = (_field(_STATUS, "VmHWM") - self._before) / 1e3


_RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def _field(file: Path, name: str) -> float:
    """A field of a Linux proc file, in kB."""
    lines = file.read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))
