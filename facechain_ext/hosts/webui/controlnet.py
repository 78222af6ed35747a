"""ControlNet units through the extension that is installed (sd-webui-controlnet; Forge has one built in)."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import models, settings
from facechain_ext.methods.fact.files import AUTOMATIC
from facechain_ext.weights.header import SD15_WIDTH, model_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.recipes.job import Control, ControlKind

log = logging.getLogger(__name__)

TITLE = "controlnet"
"""The title of the extension's script, in small letters."""
_WORDS: dict[ControlKind, str] = {
    "openpose": "openpose", "openpose_face": "openpose", "canny": "canny", "depth": "depth"
}  # fmt: skip
"""What the name of a model says about its kind."""
_PREPROCESSORS: dict[ControlKind, tuple[str, ...]] = {
    "openpose": ("openpose_hand", "dw_openpose_full", "openpose"),
    "openpose_face": ("openpose_full", "dw_openpose_full", "openpose_face"),
    "canny": ("canny",),
    "depth": ("depth_midas", "depth_anything", "depth_anything_v2", "depth"),
}
"""The extension's preprocessors for each kind, the published recipe's (body and hands) first."""
_OTHER_BASES = re.compile(r"xl|sd2|sd3|flux|v2-1|21_|_v2", re.IGNORECASE)
"""Names of models for other bases than SD1.5."""
_NOT_INSTALLED = "sd-webui-controlnet is not installed. Install it in the Extensions tab and restart."


@dataclass(frozen=True)
class ControlNetBackend:
    """What the extension has: names of preprocessors and of models."""

    preprocessors: tuple[str, ...]
    models: tuple[str, ...]
    find: Callable[[str], Any]
    """The preprocessor of a name, to be called by oneself."""
    file: Callable[[str], Path | None] = lambda _name: None
    """The file of a model's name, where the extension says it."""

    def model(self, kind: ControlKind) -> str:
        """The model for a kind: the user's choice, else one for SD1.5 first; raises HostError when there is none."""
        chosen = settings.controlnet_model(kind)
        if chosen != AUTOMATIC:
            if chosen not in self.models:
                raise HostError(f"The ControlNet model {chosen} is gone. Choose another in Settings > FaceChain.")
            reason = self.unfit(chosen)
            if reason:
                raise HostError(reason)
            return chosen
        fitting = [name for name in self.models if _WORDS[kind] in name.lower()]
        if not fitting:
            raise HostError(
                f"There is no ControlNet model with “{_WORDS[kind]}” in its name. Put one for Stable Diffusion 1.5 "
                "into models/ControlNet and refresh the list there, or choose one in Settings > FaceChain."
            )
        best = min(fitting, key=lambda name: (bool(self.unfit(name)), bool(_OTHER_BASES.search(name))))
        reason = self.unfit(best)
        if reason:
            raise HostError(reason)
        return best

    def unfit(self, name: str) -> str:
        """Why a model cannot act here, by the shapes in its file; nothing where it can or where that is not known.

        The extension builds every ControlNet at one width, and each fits checkpoints of its own width alone; what does
        not fit would only fail after the picture is made.
        """
        path = self.file(name)
        facts = model_facts(path) if path is not None else None
        if facts is None or not facts.is_controlnet or not facts.width:
            return ""
        built = _built_width()
        if facts.width != built:
            why = f"the ControlNet extension builds only models of {built}"
        else:
            drawn = models.checkpoint_width()
            if drawn in (0, facts.width):
                return ""
            why = f"the checkpoint has {drawn}"
        return (
            f"The ControlNet model {name} has {facts.width} channels, and {why}; they do not fit. Choose another "
            "checkpoint, or another model in Settings > FaceChain."
        )

    def preprocessor(self, control: Control) -> str:
        """The preprocessor for a unit's picture; raises HostError when the extension has none for its kind."""
        there = {name.lower(): name for name in self.preprocessors}
        wanted = ("none",) if control.prepared else _PREPROCESSORS[control.kind]
        found = next((there[name] for name in wanted if name in there), None)
        if found is None:
            raise HostError(f"This ControlNet has none of the preprocessors {', '.join(wanted)}; update it.")
        return found


def available() -> dict[ControlKind, str]:
    """For every kind why it cannot be used; an empty text when it can."""
    return {kind: _why_not(kind) for kind in _WORDS}


def model_names() -> tuple[str, ...]:
    """Every model that the extension has."""
    door = _door()
    return () if door is None else tuple(name for name in door.models if name.lower() != "none")


def prepared(control: Control) -> Image.Image:
    """What the extension's preprocessor makes of a unit's picture; raises HostError when it cannot."""
    if control.prepared:
        return control.picture
    door = _door()
    if door is None:
        raise HostError(_NOT_INSTALLED)
    name = door.preprocessor(control)
    try:
        seen = _run(door.find(name), np.array(control.picture.convert("RGB")))
    except Exception as error:
        log.exception("the preprocessor %s failed", name)
        raise HostError(
            f"ControlNet's preprocessor {name} failed: {error}. It fetches its own weights at its first use; is there "
            "a connection?"
        ) from error
    if not isinstance(seen, np.ndarray) or seen.ndim not in (2, 3):
        raise HostError(f"ControlNet's preprocessor {name} gave no picture.")
    return Image.fromarray(seen.astype(np.uint8)).convert("RGB")


def put_units(runner: Any, values: list[Any], controls: Sequence[Control]) -> None:
    """Put a unit for each control among the scripts' arguments; raises HostError for one that cannot be used."""
    if not controls:
        return
    door = _door()
    script = next((one for one in runner.alwayson_scripts if one.title().lower() == TITLE), None)
    if door is None or script is None:
        raise HostError(f"A pose or edges cannot be used: {_NOT_INSTALLED}")
    room = script.args_to - script.args_from
    if len(controls) > room:
        raise HostError(
            f"ControlNet has room for {room} units, {len(controls)} are needed. Raise “unit number” in its settings."
        )
    units = [_unit(door, control) for control in controls]
    values[script.args_from : script.args_from + len(units)] = units


def _unit(door: ControlNetBackend, control: Control) -> dict[str, Any]:
    """A unit in the words of the extension's API, which all its versions and Forge read."""
    first, last = control.window
    return {
        "enabled": True,
        "module": door.preprocessor(control),
        "model": door.model(control.kind),
        "image": np.array(control.picture.convert("RGB")),
        "weight": control.weight,
        "guidance_start": first,
        "guidance_end": last,
        "pixel_perfect": True,
        "save_detected_map": False,
    }


def _run(preprocessor: Any, pixels: Any) -> Any:
    """Call a preprocessor with its own default sliders."""
    sliders = {name: _default(getattr(preprocessor, name, None)) for name in ("slider_1", "slider_2", "slider_3")}
    resolution = min(pixels.shape[:2])
    seen = preprocessor(input_image=pixels, resolution=resolution, **sliders)
    shown = getattr(seen, "display_images", None)
    return shown[0] if shown else seen


def _default(slider: Any) -> Any:
    return slider.gradio_update_kwargs.get("value") if slider is not None else None


def _why_not(kind: ControlKind) -> str:
    door = _door()
    if door is None:
        return _NOT_INSTALLED
    try:
        door.model(kind)
    except HostError as error:
        return str(error)
    return ""


def _door() -> ControlNetBackend | None:
    """The extension's lists, where it is loaded: of sd-webui-controlnet, or of the one built into Forge."""
    for name in ("internal_controlnet.external_code", "scripts.external_code"):
        code = sys.modules.get(name)
        if code is not None and hasattr(code, "get_models"):
            processors = sys.modules["scripts.supported_preprocessor"].Preprocessor
            names = _names(code.get_modules()), _names(code.get_models())
            return ControlNetBackend(*names, processors.get_preprocessor, _file_in_extension)
    state = sys.modules.get("lib_controlnet.global_state")
    if state is not None:
        names = state.get_all_preprocessor_names(), state.get_all_controlnet_names()
        return ControlNetBackend(_names(names[0]), _names(names[1]), state.get_preprocessor, _file_in_forge)
    return None


def _file_in_extension(name: str) -> Path | None:
    known = getattr(sys.modules.get("scripts.global_state"), "cn_models", {})
    return Path(known[name]) if known.get(name) else None


def _file_in_forge(name: str) -> Path | None:
    known = getattr(sys.modules.get("lib_controlnet.global_state"), "controlnet_filename_dict", {})
    return Path(known[name]) if known.get(name) else None


def _built_width() -> int:
    """Channels of the ControlNets that the extension builds: Stable Diffusion 1.5's, unless it says otherwise."""
    config = getattr(sys.modules.get("scripts.controlnet_model_guess"), "controlnet_default_config", {})
    return int(config.get("model_channels", SD15_WIDTH))


def _names(listed: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in listed)
