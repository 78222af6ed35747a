"""How a training went: the curves as one picture, and a page of what every part was given and came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.training.adapter.trainer import read_losses
from research.tiny_models.loras import STYLES
from research.tiny_models.stage import read_curve

if TYPE_CHECKING:
    from pathlib import Path

    from research.tiny_models.plan import Plan, Schedule

_EVERY = 50
"""Steps of the adapter's training that a point stands for."""


@dataclass(frozen=True)
class Curve:
    """The loss of one part: its mean over the steps up to each of ``steps``."""

    part: str
    schedule: str
    steps: tuple[float, ...]
    losses: tuple[float, ...]


def read_curves(folder: Path) -> list[Curve]:
    """The curves of every part that has begun in a work folder, in the order of the training."""
    places = {name: (name, folder / name) for name in ("encoder", "vae", "base", "control")}
    places |= {f"LoRA {style}": ("loras", folder / "loras" / style) for style in STYLES}
    found = []
    for part, (schedule, place) in places.items():
        curve = read_curve(place)
        if curve:
            found.append(Curve(part, schedule, tuple(curve["step"]), tuple(curve["loss"])))
    losses = read_losses(folder / "adapter")
    if losses:
        rows = [losses[i : i + _EVERY] for i in range(0, len(losses), _EVERY)]
        means = tuple(sum(one.mse for one in row) / len(row) for row in rows)
        found.append(Curve("adapter", "adapter", tuple(float(row[-1].step) for row in rows), means))
    return found


def curves(folder: Path, out: Path) -> Path:
    """Draw the loss of every part that has begun into ``out``; raises OSError as the file system does."""
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


def report(plan: Plan, folder: Path, out: Path) -> Path:
    """Write a page with a line for every part that has begun; raises OSError as the file system does."""
    lines = [
        "# How the small models were trained",
        "",
        f"{plan.persons} drawn people, {plan.each} pictures of {plan.side} pixels each; seed {plan.seed}. The losses "
        "are means over the steps up to the first and the last note of each part.",
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
