"""Small models of the real layout: the trained ones that ship, else random ones made on the spot."""

from __future__ import annotations

from facechain_ext.demo.models import SmallModels, models_in, random_models, shipped_models, small_models

__all__ = ["SmallModels", "models_in", "random_models", "shipped_models", "small_models"]
