"""How a photo is drawn anew: the looks 2D and 3D, any style of the gallery, and the settings of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.methods.setting import Setting
from facechain_ext.recipes.portrait_settings import ENLARGE_SETTINGS, PREFIX, check_ranges, portrait_setting
from facechain_ext.recipes.template.settings import DRAWING_METHOD, SIDES
from facechain_ext.styles import StyleError, find_style
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.styles import Style


@dataclass(frozen=True)
class Look:
    """Words that make a drawing of a photo, what they exclude, and the denoising and strength that suit them.

    ``denoise`` lies in 0.45 to 0.6, where img2img still keeps pose and composition and gives up the photo's surface.
    """

    words: str
    negative: str = ""
    denoise: float = 0.5
    strength: float = 0.5


LOOKS: Mapping[str, Look] = {
    "2D": Look(
        "flat 2d cartoon drawing, cel shading, clean outlines, simple shapes, even bright colours, plain background",
        "photograph, photorealistic, 3d render, film grain",
        0.6,
        0.6,
    ),
    "3D": Look(
        "3d animated film character, smooth rounded shapes, soft global illumination, expressive eyes, clean render",
        "photograph, photorealistic, flat drawing, outlines, film grain",
        0.55,
        0.6,
    ),
}
"""Looks that need no style of the gallery, after DCT-Net's two kinds; words, denoising and strength are our own."""

_STRENGTH, _STEPS, _CFG = (portrait_setting(name) for name in ("strength", "steps", "cfg"))
REDRAW_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "denoise", "Redraw denoising", "Denoising strength", 0.5, "More is more drawing, less photo.", 0.05, 1, 0.05,
    ),
    Setting("strength", "Redraw strength", f"{PREFIX} strength", 0.5, "Strength of the person.", *_STRENGTH.slider),
    Setting("steps", "Redraw steps", "Steps", 30, "Sampling steps.", *_STEPS.slider),
    Setting("cfg", "CFG scale", "CFG scale", 7.0, "Classifier-free guidance.", *_CFG.slider, on_page=False),
    Setting("seed", "Redraw seed", "Seed", 0, "Seed of the first picture.", 0, 2**32 - 1, 1),
    Setting("count", "Drawings", f"{PREFIX} tries", 1, "The most like is taken.", 1, 32, 1, page_high=8),
    Setting(
        "repair", "Repair faces after", f"{PREFIX} repair faces", default=False,
        help="Draw each face once more, at a resolution of its own.",
    ),
    DRAWING_METHOD,
    *ENLARGE_SETTINGS,
)  # fmt: skip
"""The table of a drawing's settings; denoising and strength are a look's own where nobody sets them."""
_DEFAULT = {row.name: row.default for row in REDRAW_SETTINGS}


@dataclass(frozen=True)
class RedrawSettings:
    """How a photo is drawn anew.

    ``look`` is a name in LOOKS or the key of a style of the gallery. ``denoise`` 0.05..1 and ``strength`` 0..2 are the
    look's where they are None. ``prompt`` says what the photo shows, as img2img follows it better then. ``count``
    drawings are made and the most like is taken. ``repair`` draws each face once more at its own resolution. ``sides``
    are the shorter and the longest side in pixels that are painted. ``method`` is how the people are kept. ``enlarge``
    is the longest side in pixels that the drawing gets before its faces are repaired, 0 for none, ``enlarge_by`` the
    host's upscaler.
    """

    look: str = "2D"
    prompt: str = ""
    negative_prompt: str = ""
    denoise: float | None = None
    strength: float | None = None
    steps: int = _DEFAULT["steps"]
    cfg: float = _DEFAULT["cfg"]
    seed: int = _DEFAULT["seed"]
    count: int = _DEFAULT["count"]
    repair: bool = _DEFAULT["repair"]
    sampler: str = portrait_setting("sampler").default
    sides: tuple[int, int] = SIDES
    method: str = _DEFAULT["method"]
    enlarge: int = _DEFAULT["enlarge"]
    enlarge_by: str = _DEFAULT["enlarge_by"]

    def suited_to(self, defaults: DrawingDefaults, *, steps_given: bool) -> RedrawSettings:
        """The same for a checkpoint; steps that somebody has chosen stay."""
        steps = self.steps if steps_given else defaults.suited_steps(self.steps)
        return replace(self, steps=steps, sides=defaults.painted)


def find_look(name: str) -> tuple[Look, Style | None]:
    """The look called ``name``, or that of the style with this key and the style.

    Raises InputError that names the looks when there is neither.
    """
    look = next((one for key, one in LOOKS.items() if key.casefold() == name.casefold()), None)
    if look is not None:
        return look, None
    try:
        style = find_style(name)
    except StyleError as error:
        raise InputError(
            f"FaceChain draws no {shorten(name)}: choose {', '.join(LOOKS)}, or the key of a style."
        ) from error
    return Look(style.prompt, strength=style.strength), style


def person_strength(settings: RedrawSettings) -> float:
    """The strength of a person who has none of their own: the settings', else the look's."""
    return find_look(settings.look)[0].strength if settings.strength is None else settings.strength


def check_redraw_settings(settings: RedrawSettings) -> None:
    """Raise InputError that names the first value that cannot be used."""
    find_look(settings.look)
    check_ranges(REDRAW_SETTINGS, settings)
