"""What comes out of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from research.evaluate.budget import Budget
    from research.evaluate.measure import Figures
    from research.evaluate.mixing import Mixing


@dataclass(frozen=True)
class Results:
    """Every figure with what it took: ``judged`` is what the judge reaches on real drawings of held-out people.

    ``trained`` says whether the small models were; ``seconds`` were spent by part; ``mixing`` is measured with our own
    adapter.
    """

    budget: Budget
    figures: tuple[Figures, ...]
    judged: Figures
    seconds: dict[str, float]
    trained: bool
    models: str
    mixing: Mixing
