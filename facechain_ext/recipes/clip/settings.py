"""The settings of a person put into a clip: how they are called, and what they can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.methods.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping


CLIP_SETTINGS: tuple[Setting, ...] = (
    Setting("face", "Face of the clip", None, 0, "In its first frame, from the left; 0 takes the largest.", 0, 100, 1),
    Setting("strength", "Opacity of the face", None, 1.0, "1 covers the clip's face wholly.", 0, 1, 0.05),
    Setting("clip_expression", "Expression of the clip", None, default=True, help="Mouth and eyelids follow the clip."),
    Setting("clip_complexion", "Complexion of the clip", None, default=False, help="The skin has the clip's colour."),
    Setting("mark", "Visible mark", None, default=True, help="Draws the mark into a corner of every frame."),
)
"""The table of settings, for requests and the page; face 0 is None of ClipSettings."""
_DEFAULT = {row.name: row.default for row in CLIP_SETTINGS}


@dataclass(frozen=True)
class ClipSettings:
    """How a face of a clip is replaced.

    Attributes:
        face: number of the face in the first frame that shows one, from the left; None is the largest there.
        strength: 0..1, the opacity of the new face.
        clip_expression: mouth and eyelids follow the clip; otherwise they stay as in the photo.
        clip_complexion: the skin has the clip's colour, not the person's.
        mark: draw the visible mark.
    """

    face: int | None = None
    strength: float = _DEFAULT["strength"]
    clip_expression: bool = _DEFAULT["clip_expression"]
    clip_complexion: bool = _DEFAULT["clip_complexion"]
    mark: bool = _DEFAULT["mark"]


def clip_settings(values: Mapping[str, Any]) -> ClipSettings:
    """The settings of values by name, as the table has them."""
    return ClipSettings(**{**values, "face": values.get("face") or None})
