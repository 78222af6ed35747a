"""Report of a training: the loss curves as one picture, and a page with each stage's schedule and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.training.adapter.trainer import read_losses
from research.tiny_models.loras import STYLES
from research.tiny_models.stage import read_curve

if TYPE_CHECKING:
    from pathlib import Path

    from research.tiny_models.plan import Plan, Schedule

_STEPS_PER_POINT = 50
"""Adapter steps that are averaged into one point of its curve."""


@dataclass(frozen=True)
class Curve:
    """Loss curve of one stage: its mean over the steps up to each of ``steps``; ``schedule`` is a field of Plan."""

    part: str
    schedule: str
    steps: tuple[float, ...]
    losses: tuple[float, ...]


def read_curves(folder: Path) -> list[Curve]:
    """The curves of all stages that have state in a work folder, in training order."""
    places = {name: (name, folder / name) for name in ("encoder", "vae", "base", "control")}
    places |= {f"LoRA {style}": ("loras", folder / "loras" / style) for style in STYLES}
    found = []
    for part, (schedule, place) in places.items():
        curve = read_curve(place)
        if curve:
            found.append(Curve(part, schedule, tuple(curve["step"]), tuple(curve["loss"])))
    losses = read_losses(folder / "adapter")
    if losses:
        rows = [losses[i : i + _STEPS_PER_POINT] for i in range(0, len(losses), _STEPS_PER_POINT)]
        means = tuple(sum(one.mse for one in row) / len(row) for row in rows)
        found.append(Curve("adapter", "adapter", tuple(float(row[-1].step) for row in rows), means))
    return found


def plot_curves(folder: Path, out: Path) -> Path:
    """Plot the curves of ``read_curves`` into the picture ``out``; raises OSError when it cannot be written."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    found = read_curves(folder)
    columns = max(min(len(found), 4), 1)
    lines = max(-(-len(found) // columns), 1)
    figure, axes = plt.subplots(lines, columns, figsize=(3.2 * columns, 2.6 * lines), squeeze=False)
    for axis, curve in zip(axes.flat, found, strict=False):
        axis.plot(curve.steps, curve.losses, linewidth=1, marker="." if len(curve.steps) == 1 else None)
        axis.set_title(curve.part)
        axis.set_yscale("log")
        axis.set_xlabel("step")
    for axis in axes.flat[len(found) :]:
        axis.set_axis_off()
    figure.tight_layout()
    figure.savefig(out, dpi=90)
    plt.close(figure)
    return out


def write_report(plan: Plan, folder: Path, out: Path) -> Path:
    """Write a Markdown page with a row for each curve of ``read_curves``; raises OSError when it cannot be written."""
    lines = [
        "# How the tiny models were trained",
        "",
        f"{plan.persons} rendered people, {plan.each} pictures of {plan.side} pixels each; seed {plan.seed}. The "
        "losses are means over the steps up to the first and the last row of each curve.",
        "",
        "| part | steps | rows a step | rate | loss at first | loss at last |",
        "|---|---|---|---|---|---|",
    ]
    for curve in read_curves(folder):
        schedule: Schedule = getattr(plan, curve.schedule)
        done = f"{curve.steps[-1]:.0f} of {schedule.steps}"
        first, last = curve.losses[0], curve.losses[-1]
        lines.append(f"| {curve.part} | {done} | {schedule.batch} | {schedule.rate:g} | {first:.4f} | {last:.4f} |")
    out.write_text("\n".join([*lines, "", "![The losses](curves.png)", ""]), encoding="utf-8")
    return out
