"""Measure the region in which the adapter acts, and compute the increments only there.

FAIR trains the increments to lie on the face (arXiv 2410.12312), so after a few steps their norms show where the face
is. Not exact: what the increments add outside the region is left out.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from facechain_ext.methods.fact.region import token_grid

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)


class AutomaticRegion:
    """A region that is measured while the picture is made.

    The first ``warm_up`` steps run everywhere and sum up the squared norms of all increments over the latent grid; the
    region is then the smallest set of cells that holds ``share`` of the sum, dilated by ``margin`` cells. Every
    ``refresh_every`` steps one step runs everywhere again, because the face may move while the picture forms. A region
    over ``max_coverage`` of the picture saves too little and is dropped.
    """

    def __init__(
        self,
        *,
        warm_up: int = 3,
        refresh_every: int = 8,
        share: float = 0.97,
        margin: int = 2,
        max_coverage: float = 0.7,
    ) -> None:
        if warm_up < 1 or refresh_every < 2 or not 0.0 < share <= 1.0 or margin < 0:
            raise ValueError(
                "An automatic region needs warm_up >= 1, refresh_every >= 2, share in (0, 1] and margin >= 0."
            )
        self.region: Tensor | None = None
        """The mask [h, w] of the coming step on the latent grid; None for everywhere."""
        self.coverage = 1.0
        """Part of the picture that the last measured region covers, 0..1."""
        self._warm_up, self._refresh_every, self._share, self._margin, self._max_coverage = (
            warm_up,
            refresh_every,
            share,
            margin,
            max_coverage,
        )
        self._step = -1
        self._progress: float | None = None
        self._size = (0, 0)
        self._energy: Tensor | None = None
        self._measured_region: Tensor | None = None

    def begin(self, progress: float, latent_size: tuple[int, int]) -> bool:
        """Note that a run of the U-Net begins; True when the region changed.

        Runs with the same ``progress`` belong to one step; a new size or less progress begins a new picture.
        """
        if latent_size != self._size or (self._progress is not None and progress < self._progress):
            self._reset(latent_size)
        elif progress == self._progress and progress > 0.0:
            return False
        before = self.region
        self._progress = progress
        self._step += 1
        if self._is_measuring(self._step - 1) and not self._is_measuring(self._step):
            self._measured_region = self._measure_region()
        self.region = None if self._is_measuring(self._step) else self._measured_region
        return self.region is not before

    def observe(self, increment: Tensor) -> None:
        """Add up the increment [b, n, C] of one block, when this step runs everywhere."""
        if self.region is not None or not self._is_measuring(self._step):
            return
        height, width = token_grid(self._size, increment.shape[1])
        norms = increment.detach().float().pow(2).sum((0, 2)).view(1, 1, height, width)
        norms = norms / norms.sum().clamp(min=1e-12)
        spread = F.interpolate(norms, self._size, mode="bilinear", align_corners=False)[0, 0]
        self._energy = spread if self._energy is None else self._energy + spread

    def _is_measuring(self, step: int) -> bool:
        return step < self._warm_up or (step - self._warm_up) % self._refresh_every == self._refresh_every - 1

    def _measure_region(self) -> Tensor | None:
        if self._energy is None:
            return None
        energy, self._energy = self._energy.cpu(), None
        ordered, order = energy.flatten().sort(descending=True)
        needed = int((ordered.cumsum(0) < self._share * ordered.sum()).sum()) + 1
        mask = torch.zeros(energy.numel())
        mask[order[:needed]] = 1.0
        mask = mask.view(1, 1, *energy.shape)
        if self._margin:
            reach = 2 * self._margin + 1
            mask = F.max_pool2d(mask, reach, stride=1, padding=self._margin)
        self.coverage = float(mask.mean())
        if self.coverage > self._max_coverage:
            log.info("the face adapter acts on %.0f %% of the picture: it is computed everywhere", 100 * self.coverage)
            return None
        log.debug("the face adapter acts on %.0f %% of the picture", 100 * self.coverage)
        return mask[0, 0]

    def _reset(self, latent_size: tuple[int, int]) -> None:
        self._size = latent_size
        self._step, self._progress = -1, None
        self._energy = self._measured_region = self.region = None
