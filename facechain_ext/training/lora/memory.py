"""How much memory the learning of a LoRA will take beside the loaded models, told before its first step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.devices import available_memory

if TYPE_CHECKING:
    import torch

    from facechain_ext.training_runs.settings import LoraSettings

_GIB = 2**30
_PICTURE = 2.8 * _GIB
"""Activations of a picture of 512 x 512 in SD1.5's U-Net and float32: 10.2 GiB with two, 7.4 with one, as measured."""
_CHECKPOINTED = 1.8 * _GIB
"""The same with ``checkpointing``: 8.2 GiB with two."""
_DECODED = 5.2e9
"""Activations of the decoding of a picture of 512 x 512 in float32: 1.3 GB at 256 and 3.0 GB at 384, as measured."""
_PARAMETERS = 859_520_964
"""Of SD1.5's U-Net; activations of other networks are taken to grow with theirs, which was not measured."""
_OPTIMIZER = 12
"""Bytes for each learned float32: its gradient and AdamW's two moments."""


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes that learning needs, and those that are ``free`` now; None where that cannot be known."""

    needed: float
    free: int | None

    @property
    def suffices(self) -> bool:
        """Whether it fits, as far as that is known."""
        return self.free is None or self.needed <= self.free

    @property
    def words(self) -> str:
        """One or two sentences for the user."""
        needed = f"{self.needed / _GIB:.1f}"
        if self.free is None:
            return f"Learning needs about {needed} GiB of memory beside the models."
        words = f"Learning needs about {needed} GiB of memory beside the models; {self.free / _GIB:.1f} GiB are free."
        short = "It may end for want of memory: choose a smaller training size."
        return words if self.suffices else " ".join((words, short))


def memory_need(settings: LoraSettings, parameters: int, learned: int, device: torch.device) -> MemoryNeed:
    """What a step of ``settings`` needs on ``device`` for a U-Net of ``parameters``, of which ``learned`` are learned.

    An estimate from SD1.5's figures (docs/using/performance.md), by the area of a picture; half of it in bfloat16. A
    reward takes a picture twice, with its prompt and without, and decodes it.
    """
    area = (settings.size / 512) ** 2
    picture = (_CHECKPOINTED if settings.checkpointing else _PICTURE) * area * parameters / _PARAMETERS
    if settings.reward:
        picture = 2 * picture + _DECODED * area
    if settings.precision == "bf16":
        picture /= 2
    return MemoryNeed(settings.batch * picture + _OPTIMIZER * learned, available_memory(device))
