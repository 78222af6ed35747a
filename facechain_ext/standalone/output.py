"""Write pictures without ever overwriting one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.portrait.job import Portrait


def save_portraits(portraits: Sequence[Portrait], folder: Path, *, stem: str = "portrait") -> list[Path]:
    """Write each picture as PNG with its settings inside, ``portrait-0001.png`` and on; gives the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [save_picture(one.picture, folder, stem=stem, infotext=one.infotext) for one in portraits]


def save_picture(picture: Image.Image, folder: Path, *, stem: str, infotext: str = "") -> Path:
    """Write one PNG under the next free number; it has its name only when it is whole."""
    from PIL.PngImagePlugin import PngInfo

    from facechain_ext.portrait.template.canvas import PNG_EFFORT
    from facechain_ext.weights.whole import whole_file

    inside = PngInfo()
    if infotext:
        inside.add_text("parameters", infotext)
    path = free_path(folder, stem, ".png")
    with whole_file(path) as part:
        picture.save(part, format="PNG", pnginfo=inside, compress_level=PNG_EFFORT)
    return path


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """The first of ``stem-0001`` and on that is not there yet."""
    numbers = (
        int(path.name[len(stem) + 1 : -len(suffix)])
        for path in folder.glob(f"{stem}-*{suffix}")
        if path.name[len(stem) + 1 : -len(suffix)].isdigit()
    )
    return folder / f"{stem}-{max(numbers, default=0) + 1:04d}{suffix}"
