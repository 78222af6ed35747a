"""The webuis that are known, one row each: how one is recognised and where it differs from the others.

The glue asks the row of the host that is running and never its name. Every row was read in the sources of the version
that it names, or run.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

UnetAttachment = Literal["hooks", "middle_patch", "none"]
"""How a face enters the U-Net: by hooks on its modules, by the patcher's ``middle_patch``, or not at all."""


@dataclass(frozen=True)
class ModuleAttribute:
    """Where a host keeps something: the module's name and the attribute."""

    module: str
    attribute: str

    def value(self) -> object | None:
        """What is there now; None where the module is not loaded or has no such attribute."""
        return getattr(sys.modules.get(self.module), self.attribute, None)


@dataclass(frozen=True)
class Lack:
    """What a host has not, as a title and a sentence for the doctor, and what to do instead ("" for nothing)."""

    title: str
    sentence: str
    instead: str = ""


@dataclass(frozen=True)
class HostFacts:
    """One webui.

    ``has`` and ``lacks`` are modules by which it is recognised. ``attachment`` is the way into the U-Net.
    ``attention`` is the function that the host computes with (query, key, value [b, n, heads * d], heads), None
    where it has only names of optimizations; ``sliced`` names those that compute in slices. ``main_thread`` is the
    module that runs work on the thread on which models move, "" where any thread may. ``options`` are modules with
    a namespace of command-line options beside ``shared.cmd_opts``, and ``low_memory`` the options for cards with
    little video memory. ``*_dirs`` are options that name folders of files. ``text_encoders`` are attributes of the
    model with SDXL's two text encoders, empty where they are the conditioner's embedders. ``controlnet`` says who
    brings ControlNet. ``missing`` is what it has not, for the doctor (``host_checks``).
    """

    name: str
    tried: str
    """The version that was run; "" where none was."""
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    attachment: UnetAttachment = "middle_patch"
    attention: ModuleAttribute | None = None
    sliced: frozenset[str] = frozenset()
    main_thread: str = ""
    options: tuple[ModuleAttribute, ...] = ()
    low_memory: tuple[str, ...] = ("lowvram",)
    checkpoint_dirs: tuple[str, ...] = ("ckpt_dir",)
    lora_dirs: tuple[str, ...] = ("lora_dir",)
    text_encoders: tuple[str, ...] = ()
    controlnet: Literal["built in", "extension"] = "built in"
    missing: tuple[Lack, ...] = ()


_PATCHED_ATTENTION = ModuleAttribute("ldm_patched.ldm.modules.attention", "optimized_attention")
_BACKEND_ATTENTION = ModuleAttribute("backend.attention", "attention_function")
_PATCHED_OPTIONS = (ModuleAttribute("ldm_patched.modules.args_parser", "args"),)
_BACKEND_OPTIONS = (ModuleAttribute("backend.args", "args"),)
_PATCHER_SLICED = frozenset({"attention_sub_quad", "attention_split"})
_PATCHER_LOW_MEMORY = ("lowvram", "always_low_vram", "always_no_vram")
_MAIN_THREAD = "modules_forge.main_thread"
_SEEDLESS_INPAINTING = Lack(
    title="seed of inpainting",
    sentence="It draws the noise of inpainting without the seed: no picture comes out twice.",
)
"""``torch.randn_like`` in modules/sd_samplers_cfg_denoiser.py of the whole line; seen in Forge and Classic."""
_ENGINES = ("text_processing_engine_l", "text_processing_engine_g")

AUTOMATIC1111 = HostFacts(
    "AUTOMATIC1111",
    "1.10.1",
    has=("modules",),
    lacks=("modules_forge", "modules.face"),  # the latter is SD.Next's, which draws with diffusers
    attachment="hooks",
    sliced=frozenset({"sub-quadratic", "V1", "InvokeAI", "Doggettx"}),
    controlnet="extension",
)
FORGE = HostFacts(
    "Forge",
    "f2.0.1 (dfdcbab6)",
    has=("modules_forge", "backend", "modules.hypernetworks"),
    attention=_BACKEND_ATTENTION,
    sliced=_PATCHER_SLICED,
    main_thread=_MAIN_THREAD,
    options=_BACKEND_OPTIONS,
    low_memory=_PATCHER_LOW_MEMORY,
    text_encoders=_ENGINES,
    missing=(
        Lack(
            title="infotext by the API",
            sentence="Its own API fails on every request with an infotext.",
            instead="Send the settings in alwayson_scripts instead.",
        ),
        _SEEDLESS_INPAINTING,
    ),
)
NEO = HostFacts(
    "Forge Neo",
    "2.26",
    has=("modules_forge", "backend"),
    lacks=("modules.hypernetworks",),
    attention=_BACKEND_ATTENTION,
    main_thread=_MAIN_THREAD,
    options=_BACKEND_OPTIONS,
    low_memory=("lowvram", "novram"),
    checkpoint_dirs=("ckpt_dirs",),
    lora_dirs=("lora_dir", "lora_dirs"),
    text_encoders=_ENGINES,
    missing=(
        Lack(
            title="upscaler Latent",
            sentence="It has no upscaler that works on latents, so the hires pass takes the first that it has.",
            instead="Choose another under Upscaler.",
        ),
        _SEEDLESS_INPAINTING,
    ),
)
REFORGE = HostFacts(
    "reForge",
    "3b56b268",
    has=("modules_forge", "ldm_patched", "modules.hypernetworks"),
    attention=_PATCHED_ATTENTION,
    sliced=_PATCHER_SLICED,
    main_thread=_MAIN_THREAD,
    options=_PATCHED_OPTIONS,
    low_memory=_PATCHER_LOW_MEMORY,
    missing=(_SEEDLESS_INPAINTING,),
)
CLASSIC = HostFacts(
    "Forge Classic",
    "1f95d717",
    has=("modules_forge", "ldm_patched"),
    lacks=("modules.hypernetworks",),
    attention=_PATCHED_ATTENTION,
    sliced=_PATCHER_SLICED,
    main_thread=_MAIN_THREAD,
    options=_PATCHED_OPTIONS,
    low_memory=_PATCHER_LOW_MEMORY,
    missing=(_SEEDLESS_INPAINTING,),
)
RELATIVE = HostFacts(
    "a relative of Forge",
    "",
    has=("modules_forge",),
    attention=_BACKEND_ATTENTION,
    sliced=_PATCHER_SLICED,
    main_thread=_MAIN_THREAD,
    options=(*_BACKEND_OPTIONS, *_PATCHED_OPTIONS),
    low_memory=(*_PATCHER_LOW_MEMORY, "novram"),
    checkpoint_dirs=("ckpt_dir", "ckpt_dirs"),
    lora_dirs=("lora_dir", "lora_dirs"),
    text_encoders=_ENGINES,
)
"""One that is none of these but has their modules: the attachment test decides."""
UNKNOWN = HostFacts("an unknown webui", "", has=(), attachment="none")
"""What has none of them; no face is put in there."""

HOSTS = (FORGE, NEO, REFORGE, CLASSIC, RELATIVE, AUTOMATIC1111)
"""Most particular first."""


def host() -> HostFacts:
    """The row of the webui that is running."""
    return recognise(is_there)


def recognise(there: Callable[[str], bool]) -> HostFacts:
    """The row of the webui that has the modules for which ``there`` is true."""
    for row in HOSTS:
        if all(map(there, row.has)) and not any(map(there, row.lacks)):
            return row
    return UNKNOWN


def is_there(module: str) -> bool:
    """Whether a module is loaded or could be, found without importing anything."""
    if module in sys.modules:
        return True
    top, *rest = module.split(".")
    return any(
        path.is_dir() or path.with_suffix(".py").is_file()
        for path in (Path(folder, *rest) for folder in _folders(top))
        if rest or path.is_dir()
    )


def _folders(package: str) -> Iterable[str]:
    """The folders of a package of the host."""
    loaded = sys.modules.get(package)
    if loaded is not None:
        return list(getattr(loaded, "__path__", ()))
    return _search(package, tuple(sys.path))


@lru_cache
def _search(package: str, _paths: tuple[str, ...]) -> tuple[str, ...]:
    """The folders of a package that is not loaded; a webui asks for some dozens of times while it starts."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a package whose loading another extension prevents
        return ()
    return tuple((spec.submodule_search_locations if spec is not None else None) or ())


def described() -> str:
    """The host's name and version, for messages: "Forge Neo 2.26"."""
    return f"{host().name} {version()}".strip()


def version() -> str:
    """The version by which the host calls itself; "" where it does not say."""
    forge = sys.modules.get("modules_forge.forge_version")
    named = " ".join(str(part) for part in (getattr(forge, name, "") for name in ("version", "release")) if part)
    if named:
        return named
    launcher = sys.modules.get("modules.launch_utils")
    try:
        return str(launcher.git_tag()) if launcher is not None else ""
    except Exception as error:  # noqa: BLE001 - the host's own, which runs git
        log.info("the host does not tell its version: %s", error)
        return ""


def option_values(names: Iterable[str]) -> list[object]:
    """The values of command-line options that are set, in all namespaces of the host."""
    from modules import shared

    namespaces = [shared.cmd_opts, *(value for place in host().options if (value := place.value()) is not None)]
    values = (getattr(options, name, None) for options in namespaces for name in names)
    return [value for value in values if value]


def option_folders(names: Iterable[str]) -> tuple[Path, ...]:
    """The folders that the options ``names`` give, each one path or a list of them."""
    found: list[Path] = []
    for value in option_values(names):
        found += map(Path, value if isinstance(value, (list, tuple)) else [str(value)])
    return tuple(dict.fromkeys(found))
