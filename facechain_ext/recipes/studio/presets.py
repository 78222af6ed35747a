"""The stages of the quality studio and their numbers: EasyPhoto's as published, ours, and those for an LCM LoRA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

STAGES: Mapping[str, str] = {
    "fuse": "the photo's face over the template's, as a start",
    "first": "first diffusion",
    "color": "light and colour of the template's skin",
    "fuse again": "the photo's face over the painted one",
    "rim": "second diffusion: rim of the face",
    "eyes": "second diffusion: eyes",
    "lips": "second diffusion: lips",
    "color again": "light and colour of the template's skin, without the lips",
    "makeup": "the template's colours on lids and lips",
    "skin": "skin smoothed",
    "upscale": "enlarged by the host's upscaler and blended",
    "seams": "third diffusion: seams of several people",
    "background": "third diffusion: everything around the people",
}
"""Every stage in the order of the work, and what it does."""
SECOND = ("rim", "eyes", "lips")
"""Stages that the second diffusion paints in one pass."""
WHOLE = ("seams", "background")
"""Stages of the whole picture, after all faces."""


@dataclass(frozen=True)
class StudioPreset:
    """Numbers of the stages.

    ``share`` is the side of the face in sides of the crop that is painted. ``first`` and ``second`` are denoising and
    steps of the diffusions, None where those of the template's settings are taken; ``third_denoise`` is that of seams
    and of the background. ``cfg`` and ``sampler`` likewise. ``fusion`` is how much of the photo's face is laid over.
    How much of the template's colours and of the enlarged picture is taken, the template's settings say.
    """

    stages: tuple[str, ...]
    share: float
    first: tuple[float, int] | None
    second: tuple[float, int]
    third_denoise: tuple[float, float] = (0.3, 0.35)
    third_steps: int = 30
    cfg: float | None = 7.0
    sampler: str | None = "DPM++ 2M SDE Karras"
    fusion: float = 0.6
    skin: float = 0.6


_PUBLISHED = (
    "fuse", "first", "color", "fuse again", "rim", "eyes", "lips", "color again", "upscale", "seams",
)  # fmt: skip
PRESETS: Mapping[str, StudioPreset] = {
    "published": StudioPreset(_PUBLISHED, 1 / 3, (0.45, 50), (0.30, 20)),
    "ours": StudioPreset(
        ("first", "color", "rim", "eyes", "lips", "color again", "seams"), 0.7, None, (0.30, 20), cfg=None, sampler=None
    ),
    "LCM": StudioPreset(_PUBLISHED, 1 / 3, (0.50, 12), (0.30, 8), third_steps=8, cfg=2.0, sampler="Euler a"),
}
"""``published``: EasyPhoto's defaults. ``LCM``: the same with its settings for an LCM LoRA, which the prompt names.

``ours`` lays no photo over what the person's identity has painted, crops as close as the other qualities, so that a
face has more pixels, and takes the template's settings for the first diffusion.
"""


def find_preset(name: str) -> StudioPreset:
    """The preset called ``name``; raises InputError when there is none."""
    if name not in PRESETS:
        raise InputError(f"FaceChain: studio_preset is {shorten(name)}; set it to {', '.join(PRESETS)}.")
    return PRESETS[name]


def chosen_stages(preset: StudioPreset, text: str) -> tuple[str, ...]:
    """The stages that run, in order: those of ``text``, divided by commas, or the preset's where it is empty.

    Raises InputError that names the stages for an unknown one, and where the first diffusion is not among them.
    """
    wanted = [part.strip() for part in text.split(",") if part.strip()] or list(preset.stages)
    unknown = next((one for one in wanted if one not in STAGES), None)
    if unknown is not None:
        raise InputError(f"FaceChain: the studio has no stage {shorten(unknown)}; it has {', '.join(STAGES)}.")
    if "first" not in wanted:
        raise InputError("FaceChain: the studio begins with its first diffusion; let the stage first in.")
    return tuple(one for one in STAGES if one in wanted)
