"""The results of a comparison, as a page, a plot and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from research.evaluate.mixing import table

if TYPE_CHECKING:
    from pathlib import Path

    from research.evaluate.budget import Budget
    from research.evaluate.measure import Figures
    from research.evaluate.mixing import Mixing

_UNTRAINED = (
    "**The tiny models were not trained when this was made: their pictures show nothing, and the figures below only "
    "prove that the measuring runs.**"
)


@dataclass(frozen=True)
class Results:
    """Everything a comparison measured: ``reference`` are the figures of renderings of the held-out persons.

    ``trained`` says whether the tiny models were trained; ``seconds`` were spent by part; ``mixing`` is measured with
    the models' own adapter.
    """

    budget: Budget
    figures: tuple[Figures, ...]
    reference: Figures
    seconds: dict[str, float]
    trained: bool
    models: str
    mixing: Mixing


def as_json(results: Results) -> dict[str, object]:
    """The results as JSON values."""
    return asdict(results)


def page(results: Results, command: str, plot_name: str) -> str:
    """The page as Markdown: the table, the budget that was really spent, and what each column means."""
    budget = ", ".join(f"{name} {value}" for name, value in asdict(results.budget).items())
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in results.seconds.items())
    lines = [
        "# Results",
        "",
        f"Made by `{command}` on rendered people that no model was trained on. The eval net is a network of its own; "
        f"on renderings of the same people it retrieves {results.reference.retrieval:.0%} and reads "
        f"{results.reference.caption:.0%} of the attributes, which is the most that any row below can reach.",
        "",
        *([] if results.trained else [_UNTRAINED, ""]),
        "| variant | strength | retrieval | cosine | caption | change outside | yaw spread | smile spread |",
        "|---|---|---|---|---|---|---|---|",
        *(_table_row(figures) for figures in (results.reference, *results.figures)),
        "",
        f"![Figures over strength]({plot_name})",
        "",
        f"Retrieval is 1 of {results.budget.held_out} (chance {1 / results.budget.held_out:.1%}). Caption is the share "
        "of six attributes (background, colour, garment, accessory, style, framing) that are as the words say. Change "
        "outside is the mean absolute difference of pixels outside the face (box widened by a fifth) against the same "
        "seed without adapter, 0 to 1. The spreads are standard deviations over the pictures of one person.",
        "",
        *table(results.mixing),
        f"Budget of each variant, all on the same data: {budget}. Time spent: {spent}.",
    ]
    return "\n".join(lines) + "\n"


def plot(results: Results, path: Path) -> None:
    """Retrieval, caption accuracy and change outside over strength, a line a variant."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    columns = (("retrieval", "retrieval"), ("caption", "caption accuracy"), ("outside", "change outside the face"))
    figure, axes = plt.subplots(1, len(columns), figsize=(13, 3.6))
    start = next(row for row in results.figures if row.variant == "no adapter")
    names = dict.fromkeys(row.variant for row in results.figures if row.strength)
    for axis, (field, title) in zip(axes, columns, strict=True):
        for name in names:
            rows = [start, *(row for row in results.figures if row.variant == name)]
            axis.plot([row.strength for row in rows], [getattr(row, field) for row in rows], marker="o", label=name)
        axis.set_title(title)
        axis.set_xlabel("strength")
        axis.set_ylim(0, 1.1 * max(axis.get_ylim()[1], 1e-9))
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _table_row(row: Figures) -> str:
    return (
        f"| {row.variant} | {row.strength:g} | {row.retrieval:.1%} | {row.cosine:.3f} | {row.caption:.1%} | "
        f"{row.outside:.4f} | {row.yaw:.3f} | {row.smile:.3f} |"
    )
