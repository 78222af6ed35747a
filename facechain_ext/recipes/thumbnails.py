"""A small picture of every style, made by whatever host there is."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import ImageOps

from facechain_ext.errors import FaceChainError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.owner import OwnedFolder, current_owner
from facechain_ext.styles import find_lora
from facechain_ext.weights import models_folder, safe_child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job
    from facechain_ext.styles import Style

logger = logging.getLogger(__name__)

SIZE = 256
"""Side of a thumbnail in pixels; the gallery shows it at half that on ordinary screens."""
GOOD_SIDE = 320
"""Pixels below which a picture is a trial, as those of demo models are."""
SUBJECTS = {"anyone": "portrait of a person", "woman": "portrait of a woman", "man": "portrait of a man",
            "child": "portrait of a child"}  # fmt: skip


def default_folder() -> Path:
    """Where thumbnails are that everybody sees."""
    return models_folder() / "styles" / "thumbnails"


def own_thumbnail(style: Style) -> Path | None:
    """The thumbnail of a style that the current owner may see: a picture of their own, else one that is everybody's."""
    return OwnedFolder(default_folder()).find(current_owner(), f"{style.key}.webp")


def thumbnail_path(folder: Path, style: Style) -> Path:
    """Where the thumbnail of a style is, or would be."""
    return safe_child(folder, f"{style.key}.webp")


def keep_first_picture(
    style: Style, picture: Image.Image, likeness: Likeness | None, folder: Path | None = None
) -> Path | None:
    """Make the user's first good picture in a style the style's thumbnail; its file, or None when it stays as it is.

    Good is at least GOOD_SIDE pixels wide and high and like the person; a thumbnail that is there is never replaced.
    Raises OSError and WeightsError when it cannot be written.
    """
    path = thumbnail_path(folder or OwnedFolder(default_folder()).own(current_owner()), style)
    if path.exists() or min(picture.size) < GOOD_SIDE or likeness is None or not likeness.is_alike:
        return None
    if folder is None:
        OwnedFolder(default_folder()).prepare(current_owner())
    path.parent.mkdir(parents=True, exist_ok=True)
    small = ImageOps.fit(picture.convert("RGB"), (SIZE, SIZE), centering=(0.5, 0.3))
    with atomic_write(path) as part:
        small.save(part, "WEBP", quality=85)
    return path


def make_thumbnails(
    host: Host,
    styles: Sequence[Style],
    folder: Path,
    *,
    lora_folders: Iterable[Path] = (),
    steps: int = 20,
    side: int = 512,
    seed: int = 1,
    again: bool = False,
    progress: Callable[[int, int, str], bool] | None = None,
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Make the thumbnails that are missing (``again``: all) and return their files and what did not work.

    Nobody's face is in them: they show the style's words, and its LoRA where it is there. ``side`` is the size at
    which they are drawn. ``progress(done, total, name)`` is called before each and stops the work by returning False.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [style for style in styles if again or not thumbnail_path(folder, style).exists()]
    made: list[Path] = []
    notes: list[str] = []
    folders = tuple(lora_folders)
    from facechain_ext.recipes.job import Job

    common = Job("", seed=seed, steps=steps, width=side, height=side)
    for number, style in enumerate(wanted):
        if progress is not None and not progress(number, len(wanted), style.en):
            notes.append(f"Stopped after {number} of {len(wanted)} thumbnails.")
            break
        note = _one(host, style, common, thumbnail_path(folder, style), folders, made)
        notes += [note] if note else []
    return tuple(made), tuple(notes)


def _one(host: Host, style: Style, common: Job, path: Path, folders: tuple[Path, ...], made: list[Path]) -> str:
    """Make one thumbnail; what did not go as asked, or nothing."""
    from facechain_ext.recipes.job import Lora

    file = find_lora(style.lora, folders) if style.lora else None
    job = replace(
        common,
        prompt=f"{SUBJECTS[style.subject]}, {style.positive if file else style.prompt}, upper body",
        negative_prompt=style.full_negative,
        loras=(Lora(file, style.lora.weight),) if file and style.lora else (),
    )
    try:
        pictures = host.generate(job)
    except FaceChainError as error:
        logger.warning("no thumbnail of %s: %s", style.key, error)
        return f"{style.en}: {error}"
    if not pictures:
        return f"{style.en}: nothing was made."
    small = pictures[0].picture.convert("RGB").resize((SIZE, SIZE))
    with atomic_write(path) as part:
        small.save(part, "WEBP", quality=85)
    made.append(path)
    return f"{style.en}: made without its LoRA {style.lora.file}." if style.lora and not file else ""
