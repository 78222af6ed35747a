"""Tiny models of the real layout: the trained ones that ship, else random ones made on the spot."""

from __future__ import annotations

from facechain_ext.demo.models import TinyModels, models_in, random_models, shipped_models, tiny_models

__all__ = ["TinyModels", "models_in", "random_models", "shipped_models", "tiny_models"]
