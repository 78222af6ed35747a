"""What the page does with a picture: the names of the actions, and the request of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.methods.named_files import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PUT, REPAIR, GARMENT, DRAW = "put people in", "repair faces", "keep the garment", "draw it as"
MOVE = "make it move"
ACTIONS = (PUT, REPAIR, GARMENT, DRAW, MOVE)
"""What the page does with a picture; the first is a template portrait, the last a video (``ui/moving``)."""
BUTTONS: Mapping[str, str] = {
    PUT: "Put them in", REPAIR: "Repair the faces", GARMENT: "Paint around it", DRAW: "Draw it", MOVE: "Make the video",
}  # fmt: skip
"""The words of the button that begins."""


@dataclass(frozen=True)
class PictureRequest:
    """One action on pictures: the files, who is in them as choices of the page, and the settings.

    ``denoise`` 0 takes what suits the action. ``method`` is a repair's or a drawing's. ``enlarge`` is the longest side
    that the finished picture gets, 0 for none. ``clicks`` or ``mask`` mark the garment; ``worn`` is put on instead.
    """

    action: str
    pictures: tuple[Path, ...]
    photos: Mapping[str, Path]
    people: tuple[str, ...] = ()
    look: str = "2D"
    prompt: str = ""
    denoise: float = 0.0
    steps: int = 30
    seed: int = -1
    repair: bool = False
    clicks: tuple[tuple[float, float, bool], ...] = ()
    mask: Path | None = None
    worn: Path | None = None
    method: str = AUTOMATIC
    enlarge: int = 0
    enlarge_by: str = AUTOMATIC


def looks() -> list[str]:
    """The looks that a picture can be drawn in: 2D, 3D, and the styles' keys."""
    from facechain_ext.recipes.redraw.settings import LOOKS
    from facechain_ext.styles import all_styles

    return [*LOOKS, *sorted(all_styles())]
