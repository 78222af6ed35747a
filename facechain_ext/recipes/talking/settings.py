"""The settings of a talking portrait: how they are called, and what they can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping


TALKING_SETTINGS: tuple[Setting, ...] = (
    Setting("fps", "Frames a second", None, 25.0, "Of the video.", 5, 60, 1),
    Setting("side", "Longer side", None, 720, "In pixels; a smaller portrait is not enlarged.", 128, 1920, 8),
    Setting("liveliness", "Liveliness", None, 1.0, "How much the head moves.", 0, 2, 0.05),
    Setting("seed", "Motion seed", None, 0, "Which blinks and turns of the head.", 0, 2**32 - 1, 1),
    Setting("face", "Speaking face", None, 0, "From the left; 0 takes the largest.", 0, 100, 1),
    Setting("mark", "Visible mark", None, default=True, help="Draws the mark into a corner of every frame."),
)
"""The table of settings, for requests and the page; face 0 is None of PreviewSettings."""
_ROW = {row.name: row for row in TALKING_SETTINGS}


@dataclass(frozen=True)
class PreviewSettings:
    """How the preview is made; ranges are those of ``TALKING_SETTINGS``.

    Attributes:
        fps: frames a second.
        side: longer side of the video in pixels; a smaller portrait is not enlarged.
        liveliness: how much the head moves; at 0 it is still.
        seed: of blinks and turns of the head.
        face: number of the face, from the left; None is the largest.
        mark: draw the visible mark.
    """

    fps: float = _ROW["fps"].default
    side: int = _ROW["side"].default
    liveliness: float = _ROW["liveliness"].default
    seed: int = _ROW["seed"].default
    face: int | None = None
    mark: bool = _ROW["mark"].default


def talking_settings(values: Mapping[str, Any]) -> PreviewSettings:
    """The settings of values by name, as the table has them."""
    return PreviewSettings(**{**values, "face": values.get("face") or None})


def check_settings(settings: PreviewSettings) -> None:
    """Raises InputError for a value out of its range."""
    for name, row, value in (
        ("Frames a second", _ROW["fps"], settings.fps),
        ("The video's side", _ROW["side"], settings.side),
        ("Liveliness", _ROW["liveliness"], settings.liveliness),
    ):
        if not row.low <= value <= row.high:
            raise InputError(f"{name} is {value:g}; choose a value from {row.low:g} to {row.high:g}.")
