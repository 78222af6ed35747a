"""Small random face encoders."""

from __future__ import annotations

import torch

from facechain_ext.identity import TransFace, TransFaceSizes


def small_encoder(*, depth: int = 1, seed: int = 0) -> TransFace:
    """One that takes milliseconds and tells every picture from every other."""
    torch.manual_seed(seed)
    return TransFace(TransFaceSizes(width=64, depth=depth, hidden=64, embedding=32)).eval()
