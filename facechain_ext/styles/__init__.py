"""Styles: the catalogue, the user's own, favourites, and their LoRAs. Importing this loads no torch."""

from __future__ import annotations

from facechain_ext.styles.catalogue import catalogue, search, shipped_picture, tag_names
from facechain_ext.styles.lora_index import clear_lora_index
from facechain_ext.styles.loras import find_lora, known_loras, pull_lora, require_lora
from facechain_ext.styles.own import (
    all_styles,
    check_new_style,
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
    "check_new_style",
    "clear_lora_index",
    "delete_style",
    "favourites",
    "find_lora",
    "find_style",
    "key_of",
    "known_loras",
    "own_styles",
    "pull_lora",
    "require_lora",
    "save_style",
    "search",
    "set_favourite",
    "shipped_picture",
    "tag_names",
]
