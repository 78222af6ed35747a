"""The section "FaceChain" of the host's settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.methods.fact.files import AUTOMATIC
from facechain_ext.recipes.arguments import IDENTITY_LABEL
from facechain_ext.recipes.infotext import SPEEDUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.recipes.job import ControlKind

SECTION = ("facechain", "FaceChain")
AUTOMATIC_REGION = "facechain_automatic_region"
EVERY_SECOND = "facechain_every_second_step"
CONDITIONAL_ONLY = "facechain_conditional_only"
_MODELS: dict[ControlKind, str] = {
    "openpose": "facechain_controlnet_openpose",
    "openpose_face": "facechain_controlnet_openpose",
    "canny": "facechain_controlnet_canny",
    "depth": "facechain_controlnet_depth",
}
_LABELS = {
    "facechain_controlnet_openpose": "ControlNet model for poses",
    "facechain_controlnet_canny": "ControlNet model for edges",
    "facechain_controlnet_depth": "ControlNet model for depth",
}
_SPEEDUPS = {
    "automatic_region": (AUTOMATIC_REGION, "faster; the picture differs a little from the exact one"),
    "every_second_step": (EVERY_SECOND, "faster; the step between adds what the last one did"),
    "conditional_only": (
        CONDITIONAL_ONLY,
        "faster; the face counts for more, as a higher CFG scale would make it",
    ),
}
"""Name of a speedup -> key of its option, and what it costs."""


def automatic_region() -> bool:
    """Whether the face is computed only where it acts."""
    return bool(_value(AUTOMATIC_REGION, default=False))


def every_second_step() -> bool:
    """Whether the increments of a step are added again in the next."""
    return bool(_value(EVERY_SECOND, default=False))


def conditional_only() -> bool:
    """Whether the negative prompt's rows go without the face."""
    return bool(_value(CONDITIONAL_ONLY, default=False))


def speedups() -> dict[str, bool]:
    """Infotext label -> whether that speedup is on."""
    return {one.infotext: bool(_value(_SPEEDUPS[one.name][0], default=False)) for one in SPEEDUPS}


def speedups_infotext() -> dict[str, bool]:
    """What a picture's settings say of the speedups: those that are on."""
    return {label: True for label, on in speedups().items() if on}


def on_infotext_pasted(_text: str, params: dict[str, Any]) -> None:
    """Let a pasted picture with a face switch off for itself what it does not name, as it names only what was on."""
    if IDENTITY_LABEL in params:
        for one in SPEEDUPS:
            params.setdefault(one.infotext, "False")


def controlnet_model(kind: ControlKind) -> str:
    """The ControlNet model that the user has chosen for a kind; "auto" for the one that fits by its name."""
    return str(_value(_MODELS[kind], default=AUTOMATIC))


def add(control_models: Callable[[], Sequence[str]]) -> None:
    """Add our options; ``control_models`` gives the names of the host's ControlNet models."""
    import gradio as gr
    from modules import shared
    from modules.options import OptionInfo

    def choices() -> dict[str, Any]:
        return {"choices": [AUTOMATIC, *control_models()]}

    for one in SPEEDUPS:
        key, words = _SPEEDUPS[one.name]
        # the host restores an option from a picture's settings by this label, for that one run
        option = OptionInfo(default=False, label=one.label, section=SECTION, infotext=one.infotext)
        shared.opts.add_option(key, option.info(words))
    for key, label in _LABELS.items():
        option = OptionInfo(AUTOMATIC, label, gr.Dropdown, choices, section=SECTION)
        shared.opts.add_option(key, option.info("auto takes the first one for SD1.5 whose name says so"))


def _value(key: str, *, default: Any) -> Any:
    from modules import shared

    return getattr(shared.opts, key, default)
