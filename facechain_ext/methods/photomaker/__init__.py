"""PhotoMaker (arXiv 2312.04461): a stacked ID embedding replaces the class word in SDXL's prompt embeddings."""

from __future__ import annotations

from facechain_ext.methods.photomaker.lora import kohya_lora
from facechain_ext.methods.photomaker.model import PhotoMaker, PhotoMakerSizes, load_photomaker, new_photomaker
from facechain_ext.methods.photomaker.pixels import clip_pixels
from facechain_ext.methods.photomaker.prompt import ExpandedTokens, expand_class_token

__all__ = [
    "ExpandedTokens",
    "PhotoMaker",
    "PhotoMakerSizes",
    "clip_pixels",
    "expand_class_token",
    "kohya_lora",
    "load_photomaker",
    "new_photomaker",
]
