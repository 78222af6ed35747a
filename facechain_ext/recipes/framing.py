"""How much of a person a portrait shows: the upper body, or all of it, which needs other numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.recipes.portrait_settings import FRAMINGS, PORTRAIT_DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.recipes.job import Control, ControlKind
    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.recipes.style_settings import Settings

UPPER_BODY, FULL_BODY = FRAMINGS
FULL_BODY_TAG = "full body"
"""The tag of the styles whose words dress all of a person."""
_ASPECT = 1.5
"""Height in widths: 2:3, the aspect of a portrait photograph, in which a standing person fits."""
_LARGE = (832, 1216)
"""About the same of a million pixels, in steps of 64, as SDXL was trained with."""
_POSE_WEIGHT = 0.5
"""Of the standing pose: EasyPhoto's for pictures from words, which leaves arms and legs some freedom."""
_HIRES = {"hires_scale": 1.5, "hires_denoise": 0.4}
"""A second pass as large as SD1.5 keeps one body in; denoising as ADetailer's, which keeps the composition."""


def full_body_controls(settings: Settings, ready: frozenset[ControlKind], *, people: int = 1) -> tuple[Control, ...]:
    """The pose of somebody who stands, for a full body on a host with a ControlNet for it; else nothing.

    The pose is one body in the middle of the picture: several ``people`` get none.
    """
    if settings.framing != FULL_BODY or "openpose" not in ready or people > 1:
        return ()
    from facechain_ext.recipes.job import Control
    from facechain_ext.recipes.skeleton import standing_skeleton

    skeleton = standing_skeleton(settings.width, settings.height)
    return (Control("openpose", skeleton, _POSE_WEIGHT, prepared=True),)


def framing_settings(framing: str, defaults: DrawingDefaults) -> Mapping[str, Any]:
    """The settings of a portrait, by name, that belong to a framing on a checkpoint.

    A full body is drawn at 2:3 about the checkpoint's own size, gets a hires pass where that is not large already, and
    its face, which is small, is painted anew at the end.
    """
    if framing == UPPER_BODY:
        usual = {name: PORTRAIT_DEFAULTS[name] for name in _HIRES}
        return {"width": defaults.width, "height": defaults.height, "hires": False, "repair_faces": False, **usual}
    if defaults.width < 1024:
        width, height = defaults.width, round(defaults.width * _ASPECT / 8) * 8
    else:
        width, height = _LARGE
    hires = defaults.width < 1024 and not defaults.words
    return {"width": width, "height": height, "hires": hires, "repair_faces": True, **_HIRES}
