"""Portraits of a real person from one photo, inside an unmodified Stable Diffusion U-Net (FaceChain-FACT)."""

from __future__ import annotations

__version__ = "0.1.0"
