"""LoRAs of the host: their folder, their names there, and the tag that applies one in a prompt."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.host_facts import host, option_folders
from facechain_ext.text_values import format_number

if TYPE_CHECKING:
    from facechain_ext.hosts.webui.host_types import LoraOnDisk
    from facechain_ext.recipes.job import Lora

log = logging.getLogger(__name__)

_MODULE = "networks"
"""The name under which every host imports its built-in Lora extension."""


def folders() -> tuple[Path, ...]:
    """The host's folders of LoRA files; new files belong into the first."""
    from modules import paths

    return option_folders(host().lora_dirs) or (Path(paths.models_path) / "Lora",)


def names() -> tuple[str, ...]:
    """The host's names of its LoRAs, sorted; none where its Lora extension is switched off."""
    return tuple(sorted(_available(), key=str.casefold))


def reload_names() -> bool:
    """Let the host list its folders again; False where its Lora extension is switched off."""
    listing = getattr(sys.modules.get(_MODULE), "list_available_networks", None)
    if listing is None:
        return False
    listing()
    return True


def prompt_tag(lora: Lora) -> str:
    """The tag that applies ``lora`` in a prompt, such as ``<lora:film:0.5>``, for a name of the host or for a file.

    The host lists its folders again for a name that it does not know yet. Raises HostError when it has no such LoRA.
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
        path = file.resolve()
        return next((name for name, entry in available.items() if Path(entry.filename).resolve() == path), None)
    return file if file in available else None


def _available() -> dict[str, LoraOnDisk]:
    """Name -> entry of the host's list."""
    return dict(getattr(sys.modules.get(_MODULE), "available_networks", {}))
