"""Which rows of a batch are conditional, in a host that runs a step in one call of the U-Net or in several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.methods.protocol import StepLayout


class StepRows:
    """Tells for each call of the U-Net which of its rows are conditional.

    The text of each row is compared with the step's: that holds in any order, for samplers that cut the picture into
    tiles and for control methods that run the U-Net twice. Where the two texts are too alike to tell, rows are counted:
    the webui hands a step's rows to the U-Net in order, all at once or part by part (``batch_cond_uncond`` off, prompts
    of different lengths), and may leave out the unconditional ones at the end (negative guidance minimum sigma, skip
    early CFG). When neither tells, ``on_ambiguous`` is called once with a sentence for the user, and all rows count as
    conditional.

    Comparing texts waits for a GPU, so it is done once for each place in a step: where it agrees with counting, the
    steps that follow are counted. Where rows cannot be counted (tiles), each call is compared and waits once.
    """

    def __init__(self, on_ambiguous: Callable[[str], None]) -> None:
        self._on_ambiguous = on_ambiguous
        self._layout: StepLayout | None = None
        self._rows_done = 0
        self._rows_fit = True
        self._warned = False
        self._confirmed: set[tuple[int, ...]] = set()

    def begin_step(self, layout: StepLayout) -> None:
        """Note what the denoiser is about to run."""
        self._layout = layout
        self._rows_done = 0
        self._rows_fit = True

    def __call__(self, rows: int, context: Tensor | None) -> list[bool]:
        """For each of the ``rows`` of the coming call whether it is conditional; ``context`` is their text."""
        layout = self._layout
        if layout is None:
            return self._all_conditional(rows)
        if layout.windows:
            return self._in_window(rows, layout, context)
        position = (self._rows_done, rows, layout.conditional, layout.unconditional)
        counted = self._count_rows(rows, layout)
        if counted is not None and position in self._confirmed:
            return counted
        known = _rows_by_text(layout, context)
        if known is not None:
            if known == counted:
                self._confirmed.add(position)
            return known
        return counted if counted is not None else self._all_conditional(rows)

    def _in_window(self, rows: int, layout: StepLayout, context: Tensor | None) -> list[bool]:
        """The rows of a call that holds a window of frames, or all of them.

        A prompt that changes along the clip has other conditional texts than the step's, never other unconditional
        ones, so a row that is neither counts as conditional.
        """
        if layout.windows == "pairs" and layout.unconditional and rows % 2 == 0:
            return [row < rows // 2 for row in range(rows)]
        if not layout.unconditional:
            return [True] * rows
        if context is None or layout.uncond is None:
            return self._all_conditional(rows)
        if layout.cond is not None and bool(_is_among(layout.uncond, layout.cond).any()):
            return self._all_conditional(rows)
        return [not is_uncond for is_uncond in _is_among(context, layout.uncond).tolist()]

    def _count_rows(self, rows: int, layout: StepLayout) -> list[bool] | None:
        """The next ``rows`` of the step, from its start again when it was run to its end; None when they do not fit."""
        total = layout.conditional + layout.unconditional
        start = self._rows_done if self._rows_done < total else 0
        self._rows_fit = self._rows_fit and start + rows <= total
        if not self._rows_fit:
            return None
        self._rows_done = start + rows
        return [row < layout.conditional for row in range(start, self._rows_done)]

    def _all_conditional(self, rows: int) -> list[bool]:
        if not self._warned:
            self._warned = True
            self._on_ambiguous(
                "This sampler runs the picture in an order that FaceChain does not know; the face also acts on the "
                "negative prompt. Use a sampler of the webui's own, or switch off what cuts the picture into tiles."
            )
        return [True] * rows


def _rows_by_text(layout: StepLayout, context: Tensor | None) -> list[bool] | None:
    """Compare each row's text with that of the step; None when a row matches neither or both.

    Everything is compared first and read at once: a GPU is waited for once, however many rows there are.
    """
    if context is None or layout.cond is None or layout.uncond is None:
        return None
    both = torch.stack([_is_among(context, layout.cond), _is_among(context, layout.uncond)], dim=1)
    found: list[list[bool]] = both.tolist()
    if any(is_cond == is_uncond for is_cond, is_uncond in found):
        return None
    return [is_cond for is_cond, _ in found]


def _is_among(rows: Tensor, known: Tensor) -> Tensor:
    """Which of the rows [n, tokens, width] are in ``known`` [m, tokens, width], bool [n].

    Lengths may differ by padding, values by half precision.
    """
    tokens = min(rows.shape[1], known.shape[1])
    part, other = rows[:, :tokens].float(), known[:, :tokens].to(rows.device).float()
    same = [torch.isclose(part, one, rtol=1e-2, atol=1e-3).flatten(1).all(1) for one in other]
    return torch.stack(same).any(0) if same else torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
