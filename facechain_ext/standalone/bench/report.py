"""The results as a page and a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facechain_ext.standalone.bench.variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.standalone.bench.measure import Result


def table(results: Sequence[Result]) -> str:
    """A Markdown table, one line a variant of each case."""
    lines = [
        "| picture | batch | variant | s a step | ratio to bare | memory of the step | operations |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        memory = "–" if r.megabytes is None else f"{r.megabytes:.0f} MB"
        lines.append(
            f"| {r.case.side}x{r.case.side} | {r.case.batch} | {r.variant} | {r.seconds:.3f} | {r.ratio:.2f} "
            f"| {memory} | {r.operations / 1e9:.0f} G |"
        )
    return "\n".join(lines)


def machine() -> str:
    """What it was measured on, in one line."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    return f"CPU, {torch.get_num_threads()} threads, torch {torch.__version__}"


def plot(results: Sequence[Result], path: Path) -> None:
    """Ratios to the bare step as bars, a group for each case."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cases = list(dict.fromkeys(r.case for r in results))
    figure, axes = plt.subplots(figsize=(1.5 + 2.2 * len(cases), 3.6), layout="constrained")
    width = 0.8 / len(VARIANTS)
    for number, name in enumerate(VARIANTS):
        ratios = [next(r.ratio for r in results if r.case == case and r.variant == name) for case in cases]
        places = [place + number * width for place in range(len(cases))]
        axes.bar_label(axes.bar(places, ratios, width, label=name), fmt="%.2f", fontsize=8)
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(cases))])
    axes.set_xticklabels([f"{case.side}², batch {case.batch}" for case in cases])
    axes.set_ylabel("time of a step / bare step")
    axes.legend(fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
