"""ControlNet units through the extension that is installed (sd-webui-controlnet; Forge has one built in)."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.portrait.job import Control, ControlKind

log = logging.getLogger(__name__)

_MODULES: dict[ControlKind, tuple[str, ...]] = {
    "openpose": ("dw_openpose_full", "openpose_hand", "openpose"),
    "openpose_face": ("openpose_full", "openpose_face", "dw_openpose_full"),
    "canny": ("canny",),
    "depth": ("depth_midas", "depth_anything", "depth"),
}
_WORDS: dict[ControlKind, str] = {
    "openpose": "openpose",
    "openpose_face": "openpose",
    "canny": "canny",
    "depth": "depth",
}
"""What the name of a model says about its kind."""
_NOT_INSTALLED = "sd-webui-controlnet is not installed. Install it in the Extensions tab and restart."


def available() -> dict[ControlKind, str]:
    """For every kind why it cannot be used; an empty text when it can."""
    door = _door()
    if door is None:
        return dict.fromkeys(_WORDS, _NOT_INSTALLED)
    names = _models(door)
    return {
        kind: "" if _model(names, kind) else f"There is no ControlNet model with “{word}” in its name."
        for kind, word in _WORDS.items()
    }


def with_units(runner: Any, values: list[Any], controls: Sequence[Control]) -> tuple[Any, ...]:
    """The scripts' arguments with a unit for each control; raises HostError for a kind that cannot be used."""
    if not controls:
        return tuple(values)
    script = next((one for one in runner.alwayson_scripts if one.title().lower() == "controlnet"), None)
    door = _door()
    if door is None or script is None:
        raise HostError(f"A pose cannot be used: {_NOT_INSTALLED}")
    names = _models(door)
    units = [_unit(door, control, names) for control in controls]
    room = script.args_to - script.args_from
    if len(units) > room:
        raise HostError(f"ControlNet has room for {room} units; {len(units)} are needed. Raise it in its settings.")
    values[script.args_from : script.args_from + len(units)] = units
    return tuple(values)


def _unit(door: Any, control: Control, names: Sequence[str]) -> Any:
    model = _model(names, control.kind)
    if model is None:
        raise HostError(available()[control.kind])
    wanted = () if control.prepared else _MODULES[control.kind]
    there = {name.lower(): name for name in door.get_modules()}
    module = next((there[name] for name in wanted if name in there), there.get("none", "none"))
    picture = np.asarray(control.picture.convert("RGB"))
    first, last = control.window
    return door.ControlNetUnit(
        enabled=True,
        module=module,
        model=model,
        image={"image": picture, "mask": np.zeros_like(picture)},
        weight=control.weight,
        guidance_start=first,
        guidance_end=last,
        pixel_perfect=True,
    )


def _model(names: Sequence[str], kind: ControlKind) -> str | None:
    return next((name for name in names if _WORDS[kind] in name.lower()), None)


def _models(door: Any) -> list[str]:
    return [str(name) for name in door.get_models() if str(name) != "None"]


def _door() -> Any:
    """The extension's interface for others, where the extension is loaded."""
    for name in ("scripts.external_code", "internal_controlnet.external_code", "lib_controlnet.external_code"):
        if name in sys.modules:
            return sys.modules[name]
    return next(
        (module for name, module in list(sys.modules.items()) if name.endswith("external_code") and module is not None),
        None,
    )
