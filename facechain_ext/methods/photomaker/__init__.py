"""PhotoMaker (arXiv 2312.04461): a stacked ID embedding replaces the class word in SDXL's prompt embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
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

__getattr__ = lazy_names(
    __name__,
    {
        "lora": ("kohya_lora",),
        "model": (
            "PhotoMaker",
            "PhotoMakerSizes",
            "load_photomaker",
            "new_photomaker",
        ),
        "pixels": ("clip_pixels",),
        "prompt": (
            "ExpandedTokens",
            "expand_class_token",
        ),
    },
)
