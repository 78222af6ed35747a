"""The rarer settings of an attachment, the same for every way into a U-Net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.methods.fact.block import sdpa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from facechain_ext.methods.fact.automatic import AutomaticRegion
    from facechain_ext.methods.fact.block import Attention
    from facechain_ext.methods.fact.curve import StrengthCurve
    from facechain_ext.methods.fact.increment_cache import IncrementCache


@dataclass(frozen=True)
class AttachOptions:
    """How the increments are computed; the defaults are exact.

    ``bias`` [t], one for each identity, is added to the logits of its tokens (the logarithm of a weight).
    ``attention`` is the host's attention function. ``streamed`` loads each block's weights only while it computes, for
    hosts that do so with the U-Net. ``automatic`` measures the region in which the adapter acts and computes only
    there; ``reuse`` adds the increments of one step again in the next; ``conditional_only`` leaves out unconditional
    rows: these three are not exact. ``curve`` multiplies the strength by a factor that changes over the steps, None by
    1. ``on_failure`` gets an error in the adapter's part of a step, other than a lack of memory, and ends the adapter
    while the U-Net goes on; without it the error leaves the U-Net.
    """

    bias: Tensor | Sequence[Tensor | None] | None = None
    attention: Attention = sdpa
    streamed: bool = False
    automatic: AutomaticRegion | None = None
    reuse: IncrementCache | None = None
    conditional_only: bool = False
    curve: StrengthCurve | None = None
    on_failure: Callable[[Exception], None] | None = None


EXACT = AttachOptions()
"""The published computation."""
