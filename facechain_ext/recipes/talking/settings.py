"""The settings of a talking portrait: how they are called, and what they can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class PreviewSettings:
    """How the preview is made.

    Attributes:
        fps: frames a second, 5 to 60.
        side: longer side of the video in pixels, 128 to 1920; a smaller portrait is not enlarged.
        liveliness: 0 (the head is still) to 2.
        seed: of blinks and turns of the head.
        face: number of the face, from the left; None is the largest.
        mark: draw the visible mark.
    """

    fps: float = 25.0
    side: int = 720
    liveliness: float = 1.0
    seed: int = 0
    face: int | None = None
    mark: bool = True


TALKING_SETTINGS: tuple[Setting, ...] = (
    Setting("fps", "Frames a second", None, 25.0, "Of the video.", 5, 60, 1),
    Setting("side", "Longer side", None, 720, "In pixels; a smaller portrait is not enlarged.", 128, 1920, 8),
    Setting("liveliness", "Liveliness", None, 1.0, "How much the head moves.", 0, 2, 0.05),
    Setting("seed", "Motion seed", None, 0, "Which blinks and turns of the head.", 0, 2**32 - 1, 1),
    Setting("face", "Speaking face", None, 0, "From the left; 0 takes the largest.", 0, 100, 1),
    Setting("mark", "Visible mark", None, default=True, help="Draws the mark into a corner of every frame."),
)
"""The table of settings, for requests and the page; face 0 is None of PreviewSettings."""


def talking_settings(values: Mapping[str, Any]) -> PreviewSettings:
    """The settings of values by name, as the table has them."""
    return PreviewSettings(**{**values, "face": values.get("face") or None})


def check_settings(settings: PreviewSettings) -> None:
    """Raises InputError for a value out of its range."""
    for name, value, low, high in (
        ("Frames a second", settings.fps, 5, 60),
        ("The video's side", settings.side, 128, 1920),
        ("Liveliness", settings.liveliness, 0, 2),
    ):
        if not low <= value <= high:
            raise InputError(f"{name} is {value:g}; choose a value from {low} to {high}.")
