"""LoRAs of the host: where they are, what it calls them, and how a prompt asks for one."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.text_values import format_number

if TYPE_CHECKING:
    from facechain_ext.recipes.job import Lora

log = logging.getLogger(__name__)

_MODULE = "networks"
"""What the built-in Lora extension of AUTOMATIC1111's webui, Forge and reForge imports its own module as."""


def folders() -> tuple[Path, ...]:
    """Where the host keeps LoRA files; the first is for new ones."""
    from modules import paths, shared

    chosen = getattr(shared.cmd_opts, "lora_dir", None)
    return (Path(chosen) if chosen else Path(paths.models_path) / "Lora",)


def names() -> tuple[str, ...]:
    """What the host calls the LoRAs that it has; none where its Lora extension is switched off."""
    return tuple(sorted(_available(), key=str.casefold))


def reload_names() -> bool:
    """Let the host look into its folders again; False where it has no LoRAs at all."""
    listing = getattr(sys.modules.get(_MODULE), "list_available_networks", None)
    if listing is None:
        return False
    listing()
    return True


def tag(lora: Lora) -> str:
    """What the prompt says to apply ``lora``: its name for the host, or the file that the host has under some name.

    A file that is new is looked for once more. Raises HostError when the host does not know it.
    """
    name = _name_of(lora.file)
    if name is None and reload_names():
        name = _name_of(lora.file)
    if name is None:
        shown = lora.file.name if isinstance(lora.file, Path) else lora.file
        raise HostError(f"The webui has no LoRA {shown}. Put it into {folders()[0]} and press refresh.")
    if set(name) & set("<>:"):
        raise HostError(f"The LoRA {name} has a name that a prompt cannot hold; rename its file without < > or :")
    return f"<lora:{name}:{format_number(lora.weight)}>"


def _name_of(file: Path | str) -> str | None:
    available = _available()
    if isinstance(file, Path):
        wanted = file.resolve()
        return next((name for name, known in available.items() if Path(known.filename).resolve() == wanted), None)
    return file if file in available else None


def _available() -> dict[str, Any]:
    """Name -> entry, as the host keeps them."""
    return dict(getattr(sys.modules.get(_MODULE), "available_networks", {}))
