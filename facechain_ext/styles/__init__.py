"""Styles: the catalogue, the user's own, favourites, and the LoRA each needs. Importing this loads no torch."""

from __future__ import annotations

from facechain_ext.styles.catalogue import catalogue, search, tag_names
from facechain_ext.styles.loras import find_lora, pull_lora, require_lora
from facechain_ext.styles.own import (
    all_styles,
    delete_style,
    favourites,
    find_style,
    key_of,
    own_styles,
    save_style,
    set_favourite,
)
from facechain_ext.styles.style import NEGATIVE, Style, StyleError, StyleLora, Subject

__all__ = [
    "NEGATIVE",
    "Style",
    "StyleError",
    "StyleLora",
    "Subject",
    "all_styles",
    "catalogue",
    "delete_style",
    "favourites",
    "find_lora",
    "find_style",
    "key_of",
    "own_styles",
    "pull_lora",
    "require_lora",
    "save_style",
    "search",
    "set_favourite",
    "tag_names",
]
