"""The template gallery as HTML tiles; selecting, adding and deleting templates."""

from __future__ import annotations

import html
from functools import lru_cache
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError
from facechain_ext.recipes.template import TemplateGallery
from facechain_ext.ui.html import data_url, note_html

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_TILES = 60
"""Tiles that are shown at most."""


def selected_names(text: str) -> list[str]:
    """The selected names, one a line in ``text``, in the gallery's order; missing ones are left out."""
    selected = set(text.split("\n"))
    return [name for name in TemplateGallery().names() if name in selected]


def selected_files(text: str) -> list[Path]:
    """The files of the selected names."""
    return [TemplateGallery().path(name) for name in selected_names(text)]


def tiles_html(text: str = "") -> str:
    """The gallery's tiles, with the names in ``text`` marked as selected; pictures are embedded as data URLs."""
    names, selected = TemplateGallery().names(), set(text.split("\n"))
    if not names:
        return note_html("Your gallery is empty. Drop a template above and add it.")
    tiles = "".join(_tile_html(name, pressed=name in selected) for name in names[:MAX_TILES])
    more = note_html(f"{len(names) - MAX_TILES} more are in the folder.") if len(names) > MAX_TILES else ""
    return f"<div class='facechain-people'>{tiles}</div>{more}"


def add_templates(files: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Add pictures to the gallery; returns their names, and the messages about rejected ones."""
    names, refused = [], []
    for file in files:
        try:
            names.append(TemplateGallery().add(file))
        except FaceChainError as error:  # noqa: PERF203 - the other files are added
            refused.append(str(error))
    return names, refused


def delete_templates(names: Sequence[str]) -> None:
    """Delete templates in order; raises PhotoError at the first one that is missing."""
    try:
        for name in names:
            TemplateGallery().delete(name)
    finally:
        _thumbnail.cache_clear()  # thumbnails of deleted faces must not stay in memory


def _tile_html(name: str, *, pressed: bool) -> str:
    label = html.escape(name, quote=True)
    try:
        path = TemplateGallery().path(name)
        inside, title = f"<img src='{_thumbnail(name, str(path), path.stat().st_mtime_ns)}' alt=''>", label
    except (FaceChainError, OSError) as error:  # the other tiles are still shown
        inside, title = "<i>damaged</i>", html.escape(str(error), quote=True)
    return (
        f"<button type='button' class='facechain-person facechain-template' data-name='{label}' title='{title}' "
        f"aria-pressed='{str(pressed).lower()}'>{inside}<b>{html.escape(name)}</b></button>"
    )


@lru_cache(maxsize=2 * MAX_TILES)
def _thumbnail(name: str, _path: str, _changed: int) -> str:
    return data_url(TemplateGallery().thumbnail(name))
