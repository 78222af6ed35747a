"""ControlNet units by the extension sd-webui-controlnet, or by the one that is built into the host."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import settings
from facechain_ext.hosts.webui.host_facts import host
from facechain_ext.methods.named_files import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from facechain_ext.hosts.webui.host_types import HostScript, Preprocessor, ScriptRunner, Slider
    from facechain_ext.recipes.job import Control, ControlKind

log = logging.getLogger(__name__)

TITLE = "controlnet"
"""The title of the extension's script in lower case."""
_KEYWORDS: dict[ControlKind, str] = {
    "openpose": "openpose", "openpose_face": "openpose", "canny": "canny", "depth": "depth", "color": "color",
    "tile": "tile", "ip_adapter": "ip-adapter",
}  # fmt: skip
"""The part of a model's name that shows its kind."""
_PREPROCESSORS: dict[ControlKind, tuple[str, ...]] = {
    "openpose": ("openpose_hand", "dw_openpose_full", "openpose"),
    "openpose_face": ("openpose_full", "dw_openpose_full", "openpose_face"),
    "canny": ("canny",),
    "depth": ("depth_midas", "depth_anything", "depth_anything_v2", "depth"),
    "color": ("t2ia_color_grid", "color"),
    "tile": ("tile_resample", "tile_colorfix"),
    "ip_adapter": ("ip-adapter-auto", "ip-adapter_clip_sd15", "clip-vit-h (ipadapter)"),
}
"""The extension's preprocessors for each kind; the first is that of the published recipe (body and hands)."""
_OTHER_FAMILIES = re.compile(r"xl|sd2|sd3|flux|v2-1|21_|_v2", re.IGNORECASE)
"""Names of models for other families than SD1.5."""
_PROMPT_FIRST = "My prompt is more important"
"""The extension's name of its control mode."""
_FACES_ONLY = re.compile(r"ip-adapter.*face", re.IGNORECASE)
"""Names of IP-Adapters that take a face and no garment."""
_NOT_INSTALLED = {
    "extension": "sd-webui-controlnet is not installed. Install it in the Extensions tab and restart.",
    "built in": "The webui's built-in ControlNet is switched off. Switch it on in the Extensions tab and restart.",
}


@dataclass(frozen=True)
class ControlNetBackend:
    """The extension's preprocessors and models by name."""

    preprocessors: tuple[str, ...]
    models: tuple[str, ...]
    find_preprocessor: Callable[[str], Preprocessor]
    model_file: Callable[[str], Path | None]
    """The file of a model; None where the extension does not tell it."""

    def model(self, kind: ControlKind) -> str:
        """The model of a kind, by the user's choice, else first one for SD1.5; raises HostError when there is none."""
        chosen = settings.controlnet_model(kind)
        if chosen != AUTOMATIC:
            if chosen not in self.models:
                raise HostError(f"The ControlNet model {chosen} is gone. Choose another in Settings > FaceChain.")
            reason = self.incompatible_reason(chosen)
            if reason:
                raise HostError(reason)
            return chosen
        candidates = [name for name in self.models if _KEYWORDS[kind] in name.lower()]
        if not candidates:
            raise HostError(
                f"There is no ControlNet model with “{_KEYWORDS[kind]}” in its name. Put one for Stable Diffusion 1.5 "
                "into models/ControlNet and refresh the list there, or choose one in Settings > FaceChain."
            )
        best = min(candidates, key=self._rank)
        reason = self.incompatible_reason(best)
        if reason:
            raise HostError(reason)
        return best

    def incompatible_reason(self, name: str) -> str:
        """Why the shapes in a model's file exclude its use here; "" when they do not or are unknown.

        The extension builds every ControlNet at one width, and each works with checkpoints of its own width only; the
        error of any other would come only after the picture is made.
        """
        from facechain_ext.hosts.webui import models
        from facechain_ext.weights.header import model_facts

        path = self.model_file(name)
        facts = model_facts(path) if path is not None else None
        if facts is None or not facts.is_controlnet or not facts.width:
            return ""
        built = _built_width()
        if facts.width != built:
            problem = f"the ControlNet extension builds only models of {built}"
        else:
            checkpoint_width = models.checkpoint_width()
            if checkpoint_width in (0, facts.width):
                return ""
            problem = f"the checkpoint has {checkpoint_width}"
        return (
            f"The ControlNet model {name} has {facts.width} channels, and {problem}; they do not fit. Choose another "
            "checkpoint, or another model in Settings > FaceChain."
        )

    def preprocessor(self, control: Control) -> str:
        """The name of the preprocessor for a unit's picture; raises HostError when there is none for its kind."""
        by_lower_case = {name.lower(): name for name in self.preprocessors}
        candidates = ("none",) if control.prepared else _PREPROCESSORS[control.kind]
        found = next((by_lower_case[name] for name in candidates if name in by_lower_case), None)
        if found is None:
            raise HostError(f"This ControlNet has none of the preprocessors {', '.join(candidates)}; update it.")
        return found

    def _rank(self, name: str) -> tuple[bool, bool, bool]:
        """The order in which models are chosen automatically, the smallest first."""
        return bool(self.incompatible_reason(name)), bool(_OTHER_FAMILIES.search(name)), bool(_FACES_ONLY.search(name))


def unavailable_reasons() -> dict[ControlKind, str]:
    """For every kind the reason why it cannot be used; "" when it can."""
    backend = _find_backend()
    if backend is None:  # a webui is recognised by its files, which takes time, and this is asked while it starts
        return dict.fromkeys(_KEYWORDS, _not_installed())
    return {kind: _unavailable_reason(backend, kind) for kind in _KEYWORDS}


def model_names() -> tuple[str, ...]:
    """The names of the extension's models."""
    backend = _find_backend()
    return () if backend is None else tuple(name for name in backend.models if name.lower() != "none")


def run_preprocessor(control: Control) -> Image.Image:
    """The map (skeleton, edges or depth) of a unit's picture by the extension; raises HostError when it cannot."""
    if control.prepared:
        return control.picture
    backend = _find_backend()
    if backend is None:
        raise HostError(_not_installed())
    name = backend.preprocessor(control)
    try:
        control_map = _apply(backend.find_preprocessor(name), np.array(control.picture.convert("RGB")))
    except Exception as error:
        log.exception("the preprocessor %s failed", name)
        raise HostError(
            f"ControlNet's preprocessor {name} failed: {error}. It fetches its own weights at its first use; is there "
            "a connection?"
        ) from error
    if not isinstance(control_map, np.ndarray) or control_map.ndim not in (2, 3):
        raise HostError(f"ControlNet's preprocessor {name} gave no picture.")
    return Image.fromarray(control_map.astype(np.uint8)).convert("RGB")


def set_units(runner: ScriptRunner, script_args: list[object], controls: Sequence[Control]) -> None:
    """Set a unit for each control in the scripts' arguments; raises HostError for one that cannot be used."""
    if not controls:
        return
    backend = _find_backend()
    script = _script_of(runner)
    if backend is None or script is None:
        raise HostError(f"A pose or edges cannot be used: {_not_installed()}")
    count = script.args_to - script.args_from
    if len(controls) > count:
        raise HostError(
            f"ControlNet has room for {count} units, {len(controls)} are needed. Raise “unit number” in its settings."
        )
    units = [_unit(backend, control) for control in controls]
    script_args[script.args_from : script.args_from + len(units)] = units


def _script_of(runner: ScriptRunner) -> HostScript | None:
    """The extension's script in one tab."""
    return next((script for script in runner.alwayson_scripts if script.title().lower() == TITLE), None)


def _unit(backend: ControlNetBackend, control: Control) -> dict[str, object]:
    """A unit as a dictionary of the extension's API, which all its versions and Forge read."""
    first, last = control.window
    return {
        "enabled": True,
        "module": backend.preprocessor(control),
        "model": backend.model(control.kind),
        "image": np.array(control.picture.convert("RGB")),
        "weight": control.weight,
        "guidance_start": first,
        "guidance_end": last,
        "control_mode": _PROMPT_FIRST if control.prompt_first else "Balanced",
        "pixel_perfect": True,
        "save_detected_map": False,
    }


def _apply(preprocessor: Preprocessor, pixels: NDArray) -> object:  # type: ignore[type-arg]
    """The first map of a preprocessor that is called with the default values of its own sliders."""
    sliders = {name: _default(getattr(preprocessor, name, None)) for name in ("slider_1", "slider_2", "slider_3")}
    resolution = min(pixels.shape[:2])
    result = preprocessor(input_image=pixels, resolution=resolution, **sliders)
    displayed: Sequence[object] | None = getattr(result, "display_images", None)
    return displayed[0] if displayed else result


def _default(slider: Slider | None) -> object:
    return slider.gradio_update_kwargs.get("value") if slider is not None else None


def _unavailable_reason(backend: ControlNetBackend, kind: ControlKind) -> str:
    try:
        backend.model(kind)
    except HostError as error:
        return str(error)
    return ""


def _not_installed() -> str:
    return _NOT_INSTALLED[host().controlnet]


def _find_backend() -> ControlNetBackend | None:
    """The extension where it is loaded, sd-webui-controlnet or the one built into the host; else None."""
    for name in ("internal_controlnet.external_code", "scripts.external_code"):
        code = sys.modules.get(name)
        if code is not None and hasattr(code, "get_models"):
            processors = sys.modules["scripts.supported_preprocessor"].Preprocessor
            names = _names(code.get_modules()), _names(code.get_models())
            return ControlNetBackend(*names, processors.get_preprocessor, _file_in_extension)
    state = sys.modules.get("lib_controlnet.global_state")
    if state is not None:
        names = state.get_all_preprocessor_names(), state.get_all_controlnet_names()
        return ControlNetBackend(_names(names[0]), _names(names[1]), state.get_preprocessor, _file_in_host)
    return None


def _file_in_extension(name: str) -> Path | None:
    files: dict[str, str] = getattr(sys.modules.get("scripts.global_state"), "cn_models", {})
    return Path(files[name]) if files.get(name) else None


def _file_in_host(name: str) -> Path | None:
    files: dict[str, str] = getattr(sys.modules.get("lib_controlnet.global_state"), "controlnet_filename_dict", {})
    return Path(files[name]) if files.get(name) else None


def _built_width() -> int:
    """Channels of the ControlNets that the extension builds: by its own configuration, else those of SD1.5."""
    from facechain_ext.weights.header import SD15_WIDTH

    config = getattr(sys.modules.get("scripts.controlnet_model_guess"), "controlnet_default_config", {})
    return int(config.get("model_channels", SD15_WIDTH))


def _names(listed: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(name) for name in listed)
