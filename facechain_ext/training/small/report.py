"""The curves of a training, as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.training.fact.trainer import read_losses
from facechain_ext.training.small.stage import read_curve

if TYPE_CHECKING:
    from pathlib import Path

_EVERY = 50
"""Steps of the adapter's training that a point stands for."""


def curves(folder: Path, out: Path) -> Path:
    """Draw the loss of every part that has begun into ``out``; raises OSError as the file system does."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    parts: dict[str, tuple[list[float], list[float]]] = {}
    for name in ("vae", "encoder", "base", "control"):
        curve = read_curve(folder / name)
        if curve:
            parts[name] = (curve["step"], curve["loss"])
    losses = read_losses(folder / "adapter")
    if losses:
        rows = [losses[i : i + _EVERY] for i in range(0, len(losses), _EVERY)]
        parts["adapter"] = ([float(r[-1].step) for r in rows], [sum(one.mse for one in r) / len(r) for r in rows])
    figure, axes = plt.subplots(1, max(len(parts), 1), figsize=(3.2 * max(len(parts), 1), 2.6), squeeze=False)
    for axis, (name, (steps, values)) in zip(axes[0], parts.items(), strict=False):
        axis.plot(steps, values, linewidth=1)
        axis.set_title(name)
        axis.set_yscale("log")
        axis.set_xlabel("step")
    figure.tight_layout()
    figure.savefig(out, dpi=90)
    plt.close(figure)
    return out
