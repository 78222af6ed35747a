"""The Portrait page's settings as one table: components, defaults, presets and what a picture remembers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.portrait.job import Hires, Lora
from facechain_ext.portrait.style import STRENGTH, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABEL = "FaceChain page"
"""The infotext label under which a picture keeps the page's settings."""
NO_STYLE = ""
"""The style's key that means: only the prompt."""


@dataclass(frozen=True)
class Field:
    """One setting: ``low`` to ``high`` by ``step`` for numbers, ``choices`` for names that never change."""

    name: str
    label: str
    default: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    choices: tuple[str, ...] = ()
    help: str = ""


FIELDS: tuple[Field, ...] = (
    Field("style", "Style", NO_STYLE),
    Field("subject", "Words for the person", "portrait of a person", help="Say as much or as little as you like."),
    Field("suits", "The person is", "anyone", choices=("anyone", "woman", "man", "child")),
    Field("prompt", "Prompt", ""),
    Field("negative", "Negative prompt", ""),
    Field("strength", "Strength", STRENGTH, 0, 2, 0.05, help="0 is off, 0.5 the published default."),
    Field("window_start", "Window start", 0.0, 0, 1, 0.05),
    Field("window_end", "Window end", 1.0, 0, 1, 0.05),
    Field("adapter", "Adapter", "auto"),
    Field("lora", "LoRA", "", help="Instead of the style's own."),
    Field("lora_weight", "LoRA weight", 0.8, -2, 2, 0.05),
    Field("pose_weight", "Pose weight", 1.0, 0, 2, 0.05),
    Field("pose_start", "Pose start", 0.0, 0, 1, 0.05),
    Field("pose_end", "Pose end", 1.0, 0, 1, 0.05),
    Field("pose_face", "Pose of the face too", default=False),
    Field("depth", "Depth of the pose picture too", default=False),
    Field("sampler", "Sampler", "DPM++ 2M Karras"),
    Field("steps", "Steps", 25, 1, 150, 1),
    Field("cfg", "CFG scale", 7.0, 1, 30, 0.5),
    Field("width", "Width", 512, 64, 2048, 8),
    Field("height", "Height", 512, 64, 2048, 8),
    Field("seed", "Seed", -1),
    Field("count", "Pictures", 4, 1, 32, 1),
    Field("keep", "Keep the best", 4, 1, 32, 1, help="By likeness."),
    Field("hires", "Hires fix", default=False),
    Field("hires_scale", "Upscale by", 2.0, 1, 4, 0.05),
    Field("hires_denoise", "Denoising strength", 0.5, 0, 1, 0.05),
    Field("fuse", "Fuse the face of the photo", default=False),
    Field("retouch", "Retouch skin", default=False),
)
NAMES = tuple(field.name for field in FIELDS)
DEFAULTS: dict[str, Any] = {field.name: field.default for field in FIELDS}


def form_of(values: Sequence[Any]) -> dict[str, Any]:
    """The components' values by name; None stands for the default."""
    named = dict(zip(NAMES, values, strict=True))
    return {name: DEFAULTS[name] if value is None else value for name, value in named.items()}


def settings_of(form: Mapping[str, Any], seed: int) -> Settings:
    """What the recipe is asked for; raises HostError for a window that ends before it begins."""
    window = (float(form["window_start"]), float(form["window_end"]))
    pose = (float(form["pose_start"]), float(form["pose_end"]))
    for name, (first, last) in (("window", window), ("pose", pose)):
        if first > last:
            raise HostError(f"The {name} starts at {first:g} and ends at {last:g}; let it end after its start.")
    count = int(form["count"])
    hires = Hires(float(form["hires_scale"]), float(form["hires_denoise"])) if form["hires"] else None
    return Settings(
        strength=float(form["strength"]),
        window=window,
        adapter=None if form["adapter"] in ("", "auto") else form["adapter"],
        lora=Lora(form["lora"], float(form["lora_weight"])) if form["lora"] else None,
        count=count,
        keep=min(int(form["keep"]), count),
        seed=seed,
        steps=int(form["steps"]),
        sampler=form["sampler"],
        cfg=float(form["cfg"]),
        width=int(form["width"]) // 8 * 8,
        height=int(form["height"]) // 8 * 8,
        hires=hires,
        pose_weight=float(form["pose_weight"]),
        pose_window=pose,
    )


def remembered(form: Mapping[str, Any]) -> str:
    """What a picture keeps of the settings: those that are not the default, as JSON."""
    return json.dumps({name: form[name] for name in NAMES if form[name] != DEFAULTS[name]}, ensure_ascii=False)


def restored(infotext: str) -> dict[str, Any] | None:
    """The settings that a picture's text keeps, complete; None when it was not made here.

    Raises HostError when the text is damaged.
    """
    found = re.search(rf'{LABEL}: ("(?:[^"\\]|\\.)*"|\{{\}})', infotext)
    if found is None:
        return None
    try:
        kept = json.loads(found[1])
        return checked(json.loads(kept) if isinstance(kept, str) else kept)
    except ValueError as error:
        raise HostError(f"The settings in this text are damaged ({error}); paste the whole text again.") from error


def checked(kept: object) -> dict[str, Any]:
    """Settings from a file or a text, completed by the defaults; what is unknown or of another kind is refused.

    Raises HostError that names it.
    """
    if not isinstance(kept, dict):
        raise HostError("These are no settings of the FaceChain page.")
    for name, value in kept.items():
        field = next((one for one in FIELDS if one.name == name), None)
        if field is None:
            raise HostError(f"There is no setting called {str(name)[:40]!r} here; it may be of a newer version.")
        if not _fits(field, value):
            raise HostError(f"{field.label} cannot be {str(value)[:40]!r}.")
    return DEFAULTS | kept


def _fits(field: Field, value: Any) -> bool:
    if isinstance(field.default, bool):
        return isinstance(value, bool)
    if isinstance(field.default, str):
        return isinstance(value, str) and len(value) <= 4000 and (not field.choices or value in field.choices)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and (not field.high or field.low <= value <= field.high)
