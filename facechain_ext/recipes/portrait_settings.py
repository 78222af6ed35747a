"""The table of a portrait's settings: their defaults and ranges for the recipe, the page and the command line.

The same rows of strength, steps and CFG scale serve templates and several people. What the page alone has (texts,
switches) is added in ``ui/portrait/form.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.setting import Setting, find_setting
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "FaceChain"
"""How every infotext label of ours begins."""

EFFECT_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "strength", "Strength", f"{PREFIX} strength", 0.5,
        "0 is off, 0.5 the published default; more is more alike and follows the prompt less.", 0, 2, 0.05,
    ),
    Setting(
        "window", "Window", f"{PREFIX} window", (0.0, 1.0),
        "First and last fraction of the steps in which the face acts.", 0, 1, 0.05,
    ),
    Setting(
        "hires", "Also in hires pass", f"{PREFIX} hires pass", default=True,
        help="Let the face act in the second pass of hires fix too.",
    ),
)  # fmt: skip
"""What every method has: how strongly, when, and in which passes the person is put in."""

FRAMINGS = ("upper body", "full body")
"""How much of the person a portrait shows; the first is the published one."""

PORTRAIT_SETTINGS: tuple[Setting, ...] = (
    *EFFECT_SETTINGS,
    Setting("count", "Pictures", f"{PREFIX} pictures", 1, low=1, high=1000, step=1, page_high=32),
    Setting(
        "keep", "Keep the best", f"{PREFIX} keep", 0, "The most like stay; 0 keeps all.", 0, 1000, 1, page_high=32,
    ),
    Setting(
        "early", "Give up the less alike early", f"{PREFIX} early choice", default=False,
        help="Each picture is looked at after 40 % of its steps and given up where enough others promise more "
        "likeness: as many as are kept, or half of them where all are kept.",
    ),
    Setting("seed", "Seed", None, -1, "-1 draws one.", -1, 2**32 - 1, 1),
    Setting("sampler", "Sampler", None, "DPM++ 2M Karras"),
    Setting("steps", "Steps", None, 25, low=1, high=150, step=1),
    Setting("cfg", "CFG scale", None, 7.0, low=1, high=30, step=0.5),
    Setting("width", "Width", None, 512, low=64, high=2048, step=8),
    Setting("height", "Height", None, 512, low=64, high=2048, step=8),
    Setting("lora_weight", "LoRA weight", f"{PREFIX} LoRA weight", 0.25, low=-2, high=2, step=0.05),
    Setting("pose_weight", "Pose weight", f"{PREFIX} pose weight", 1.0, low=0, high=2, step=0.05),
    Setting("pose_start", "Pose start", f"{PREFIX} pose start", 0.0, low=0, high=1, step=0.05),
    Setting("pose_end", "Pose end", f"{PREFIX} pose end", 1.0, low=0, high=1, step=0.05),
    Setting("depth_weight", "Depth weight", f"{PREFIX} depth weight", 0.5, low=0, high=2, step=0.05),
    Setting("hires_scale", "Upscale by", None, 2.0, low=1, high=4, step=0.05),
    Setting("hires_denoise", "Denoising strength", None, 0.5, low=0.01, high=1, step=0.01),
    Setting("hires_steps", "Hires steps", None, 0, "0: as the first.", 0, 150, 1),
    Setting("hires_upscaler", "Upscaler", None, "Latent"),
    Setting(
        "framing", "Framing", f"{PREFIX} framing", FRAMINGS[0],
        "Full body sets size, hires fix and Repair faces, and adds its words.", choices=FRAMINGS,
    ),
    Setting(
        "repair_faces", "Repair faces", f"{PREFIX} repair faces", default=False,
        help="Paint each person's face anew, at a resolution of its own, when the picture is finished.",
    ),
    Setting(
        "enlarge", "Enlarge to", f"{PREFIX} enlarged to", 0,
        "Longest side in pixels at the end, by the upscaler; 0 leaves the size.", 0, 4096, 64, page_high=2048,
    ),
    Setting("enlarge_by", "Enlarge by", f"{PREFIX} enlarged by", "auto", "auto: the best that is here."),
)  # fmt: skip
"""Defaults are the published ones, but for 25 steps of 50 with a sampler that needs fewer."""
PORTRAIT_DEFAULTS: Mapping[str, Any] = {row.name: row.default for row in PORTRAIT_SETTINGS}


def portrait_setting(name: str) -> Setting:
    """The row called ``name``."""
    return find_setting(PORTRAIT_SETTINGS, name)


ENLARGE_SETTINGS: tuple[Setting, ...] = (
    replace(portrait_setting("enlarge"), label="Enlarge the picture to"),
    replace(portrait_setting("enlarge_by"), label="Enlarge the picture by"),
)
"""The same two rows for recipes that begin with a picture, labelled apart, as both stand in one page."""


def check_ranges(rows: Iterable[Setting], settings: object) -> None:
    """Raise InputError that names the first number outside its range.

    ``settings`` has an attribute for each of ``rows``; None means that the value is not set.
    """
    for row in rows:
        value = getattr(settings, row.name)
        if row.is_number and value is not None and not row.low <= value <= row.high:
            raise InputError(f"FaceChain: {row.name} is {shorten(value)}; set it to {row.limits}.")


def changed_remarks(rows: Iterable[Setting], settings: object) -> dict[str, str | float]:
    """Infotext label -> value of each of ``rows`` whose attribute of ``settings`` differs from the default."""
    return {row.infotext or row.name: value for row in rows if (value := getattr(settings, row.name)) != row.default}


def enlarge_remarks(settings: object) -> dict[str, str | float]:
    """``changed_remarks`` of ENLARGE_SETTINGS; nothing where nothing is enlarged, whatever the upscaler."""
    side, _ = ENLARGE_SETTINGS
    return changed_remarks(ENLARGE_SETTINGS, settings) if changed_remarks([side], settings) else {}
