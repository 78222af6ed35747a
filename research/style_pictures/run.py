"""Paint the pictures of all styles into the package, and a contact sheet of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from facechain_ext.recipes.sheet import label_font
from facechain_ext.styles import catalogue
from research.style_pictures.painter import SIDE, paint

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).resolve().parents[2] / "facechain_ext" / "styles" / "pictures"
QUALITY = 80


def write_all(keys: Sequence[str] = (), folder: Path = FOLDER) -> tuple[list[Path], int]:
    """Paint the styles called ``keys`` (none: all) as WebP into ``folder``; gives the files and their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for key, style in catalogue().items():
        if not keys or key in keys:
            path = folder / f"{key}.webp"
            paint(style).save(path, "WEBP", quality=QUALITY, method=6)
            paths.append(path)
    return paths, sum(path.stat().st_size for path in paths)


def contact_sheet(paths: Sequence[Path], columns: int = 12, side: int = SIDE // 2 + 32) -> Image.Image:
    """The pictures in rows with their keys below."""
    rows = -(-len(paths) // columns)
    page = Image.new("RGB", (columns * side, rows * (side + 16)), (24, 24, 28))
    draw, font = ImageDraw.Draw(page), label_font(11)
    for number, path in enumerate(paths):
        x, y = number % columns * side, number // columns * (side + 16)
        with Image.open(path) as opened:
            page.paste(opened.convert("RGB").resize((side - 4, side - 4)), (x + 2, y + 2))
        draw.text((x + 3, y + side - 2), path.stem, fill=(220, 220, 220), font=font)
    return page
