"""The precision that the small models are trained in on a CPU."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def bfloat16() -> Iterator[None]:
    """Compute in bfloat16, and attention plainly: PyTorch's fused one is five times slower in it on a CPU.

    A step of 32 rows of 96 pixels takes 1.5 s of one core with units for bfloat16, 1.8 s in float32.
    """
    settings = torch.backends.cuda  # they hold for a CPU as well
    allowed = settings.fp16_bf16_reduction_math_sdp_allowed()  # type: ignore[no-untyped-call]
    settings.allow_fp16_bf16_reduction_math_sdp(enabled=True)
    try:
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        settings.allow_fp16_bf16_reduction_math_sdp(enabled=allowed)
