"""Which rows of a batch are conditional, in a host that runs a step in one call of the U-Net or in several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


@dataclass(frozen=True)
class StepLayout:
    """One step of the webui's denoiser: ``conditional`` rows first, then ``unconditional`` ones.

    ``cond`` and ``uncond`` are the text of those rows, [rows, tokens, width], when it is known.
    """

    conditional: int
    unconditional: int
    cond: Tensor | None = None
    uncond: Tensor | None = None


class StepRows:
    """Tells for each call of the U-Net which of its rows are conditional.

    The text of each row is compared with the step's: that holds in any order, for samplers that cut the picture into
    tiles and for control methods that run the U-Net twice. Where the two texts are too alike to tell, rows are counted
    off: the webui hands a step's rows to the U-Net in order, all at once or part by part (``batch_cond_uncond`` off,
    prompts of different lengths), and may leave out the unconditional ones at the end (negative guidance minimum
    sigma, skip early CFG). When neither tells, ``puzzled`` is called once with a sentence for the user, and all rows
    count as conditional.

    Comparing texts waits for a GPU, so it is done once for each place in a step: where it agrees with counting, the
    steps that follow are counted. Where rows cannot be counted (tiles), each call is compared and waits once.
    """

    def __init__(self, puzzled: Callable[[str], None]) -> None:
        self._puzzled = puzzled
        self._layout: StepLayout | None = None
        self._taken = 0
        self._in_order = True
        self._told = False
        self._agreed: set[tuple[int, ...]] = set()

    def begin_step(self, layout: StepLayout) -> None:
        """Note what the denoiser is about to run."""
        self._layout = layout
        self._taken = 0
        self._in_order = True

    def __call__(self, rows: int, context: Tensor | None) -> list[bool]:
        """For each of the ``rows`` of the coming call whether it is conditional; ``context`` is their text."""
        layout = self._layout
        if layout is None:
            return self._unknown(rows)
        place = (self._taken, rows, layout.conditional, layout.unconditional)
        counted = self._count_off(rows, layout)
        if counted is not None and place in self._agreed:
            return counted
        known = _by_text(layout, context)
        if known is not None:
            if known == counted:
                self._agreed.add(place)
            return known
        return counted if counted is not None else self._unknown(rows)

    def _count_off(self, rows: int, layout: StepLayout) -> list[bool] | None:
        """The next ``rows`` of the step, from its start again when it was run to its end; None when they do not fit."""
        total = layout.conditional + layout.unconditional
        start = self._taken if self._taken < total else 0
        self._in_order = self._in_order and start + rows <= total
        if not self._in_order:
            return None
        self._taken = start + rows
        return [row < layout.conditional for row in range(start, self._taken)]

    def _unknown(self, rows: int) -> list[bool]:
        if not self._told:
            self._told = True
            self._puzzled(
                "This sampler runs the picture in an order that FaceChain does not know; the face also acts on the "
                "negative prompt. Use a sampler of the webui's own, or switch off what cuts the picture into tiles."
            )
        return [True] * rows


def _by_text(layout: StepLayout, context: Tensor | None) -> list[bool] | None:
    """Compare each row's text with that of the step; None when a row matches neither or both.

    Everything is compared first and read at once: a GPU is waited for once, however many rows there are.
    """
    if context is None or layout.cond is None or layout.uncond is None:
        return None
    both = torch.stack([_among(context, layout.cond), _among(context, layout.uncond)], dim=1)
    found: list[list[bool]] = both.tolist()
    if any(is_cond == is_uncond for is_cond, is_uncond in found):
        return None
    return [is_cond for is_cond, _ in found]


def _among(rows: Tensor, known: Tensor) -> Tensor:
    """Which of the rows [n, tokens, width] are in ``known`` [m, tokens, width], bool [n].

    Lengths may differ by padding, values by half precision.
    """
    tokens = min(rows.shape[1], known.shape[1])
    part, other = rows[:, :tokens].float(), known[:, :tokens].to(rows.device).float()
    same = [torch.isclose(part, one, rtol=1e-2, atol=1e-3).flatten(1).all(1) for one in other]
    return torch.stack(same).any(0) if same else torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
