"""The results as a table and a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facechain_ext.bench.rounds import BARE
from facechain_ext.bench.variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.bench.rounds import Result


def table(results: Sequence[Result]) -> str:
    """A Markdown table, one line a variant of each case."""
    lines = [
        "| picture | batch | variant | s a step | ratio to bare | lowest to highest | of the fastest | memory | "
        "operations |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        place = f"| {r.case.side}x{r.case.side} | {r.case.batch} | {r.variant} |"
        if r.skipped:
            lines.append(f"{place} skipped: {r.skipped} | | | | | |")
            continue
        memory = "–" if r.megabytes is None else f"{r.megabytes:.0f} MB"
        spread = f"{r.spread[0]:.2f} to {r.spread[1]:.2f}, {r.rounds} rounds" if r.rounds > 1 else "1 round"
        ratios = f"{r.ratio:.2f} | {spread} | {r.least:.2f}"
        lines.append(f"{place} {r.seconds:.3g} | {ratios} | {memory} | {r.operations / 1e9:.0f} G |")
    return "\n".join(lines)


def parts_table(parts: Mapping[str, Mapping[str, float]]) -> str:
    """Seconds of the parts of a job as a Markdown table."""
    lines = ["| | part | s |", "|---|---|---|"]
    for run, spent in parts.items():
        lines += [f"| {run} | {part} | {seconds:.3f} |" for part, seconds in spent.items()]
        lines.append(f"| {run} | **together** | **{sum(spent.values()):.3f}** |")
    return "\n".join(lines)


def machine(dtype: torch.dtype, frames: int = 0) -> str:
    """What it was measured on, in one line; with ``frames`` clips of so many."""
    precision = str(dtype).removeprefix("torch.") + (f", clips of {frames} frames" if frames else "")
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {precision}"
    return f"CPU, {torch.get_num_threads()} threads, torch {torch.__version__}, {precision}"


def plot(results: Sequence[Result], path: Path) -> None:
    """Ratios to the bare step as bars, a group for each case; a variant that was skipped leaves its place empty."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    measured = [r for r in results if not r.skipped]
    cases = list(dict.fromkeys(r.case for r in measured))
    names = [variant.name for variant in VARIANTS]
    figure, axes = plt.subplots(figsize=(3 + 2.4 * len(cases), 4.2), layout="constrained")
    width = 0.86 / len(names)
    for number, name in enumerate(names):
        rows = [(place, r) for place, case in enumerate(cases) for r in measured if (r.case, r.variant) == (case, name)]
        if not rows:
            continue
        places, heights = [place + number * width for place, _ in rows], [r.ratio for _, r in rows]
        bars = axes.bar(places, heights, 0.94 * width, label=name, color="#888888" if name == BARE else None)
        axes.bar_label(bars, fmt="%.2f", fontsize=7, rotation=90, padding=3)
    axes.set_xticks([place + 0.43 - width / 2 for place in range(len(cases))])
    axes.set_xticklabels([f"{case.side}², batch {case.batch}" for case in cases])
    axes.axhline(1, color="#888888", linewidth=0.8)
    axes.set_ylabel("time of a step / bare step")
    axes.margins(y=0.12)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
