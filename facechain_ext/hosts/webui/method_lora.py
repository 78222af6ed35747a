"""A method's own LoRA through the host's loader, which knows its file for the time of one generation."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from safetensors.torch import save_file

from facechain_ext.errors import HostError
from facechain_ext.methods.photomaker import kohya_lora
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.text_values import format_number
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.hosts.webui.host_types import LoraModule, LoraOnDisk, Processing
    from facechain_ext.methods.method_lora import MethodLora

_MODULE = "networks"
"""The name under which every host imports its Lora extension."""
_LIST, _OURS = "list_available_networks", "_facechain_keeps_listed"
"""The host's function that reads its folder of LoRAs anew, and the mark of ours in its place."""


def tag(lora: MethodLora) -> str:
    """The prompt's tag that applies ``lora``; the host is told its file first.

    Raises HostError where the host's Lora extension is switched off.
    """
    module = _module()
    path, name = _file(lora), _name(lora)
    if name not in module.available_network_aliases:
        entry = module.network.NetworkOnDisk(name, str(path))
        _keep_listed(module, name, entry)
    return f"<lora:{name}:{format_number(lora.weight)}>"


def _keep_listed(module: LoraModule, name: str, entry: LoraOnDisk) -> None:
    """List ``entry``, and again when the host reads its list anew because a prompt names a LoRA that is not there."""

    def add() -> None:
        module.available_networks[name] = module.available_network_aliases[name] = entry

    _list_as_the_host(module)
    read = getattr(module, _LIST)

    @functools.wraps(read)
    def read_and_add() -> None:
        read()
        add()

    setattr(read_and_add, _OURS, True)
    setattr(module, _LIST, read_and_add)
    add()


def _list_as_the_host(module: object) -> None:
    """Have the host read its list itself; harmless where it does."""
    read = getattr(module, _LIST, None)
    if getattr(read, _OURS, False):
        setattr(module, _LIST, vars(read)["__wrapped__"])  # functools.wraps sets it


def add_to_hires(p: Processing, lora: MethodLora) -> None:
    """Apply ``lora`` in the hires pass of ``p`` too, whose own prompts the host has parsed already."""
    from modules import extra_networks

    prompts = getattr(p, "hr_prompts", None)
    if prompts:
        prompts[:] = [lora.with_call(prompt) for prompt in prompts]

    data = getattr(p, "hr_extra_network_data", None)
    if data is None:
        return
    _, parsed = extra_networks.parse_prompt(tag(lora))
    name = parsed["lora"][0].items[0]
    if not any(params.items and params.items[0] == name for params in data.get("lora", [])):
        data.setdefault("lora", []).extend(parsed["lora"])


def remove(lora: MethodLora) -> None:
    """Take ``lora`` off the host's list again, where users choose from."""
    module = sys.modules.get(_MODULE)
    _list_as_the_host(module)
    for listed in (getattr(module, "available_networks", {}), getattr(module, "available_network_aliases", {})):
        listed.pop(_name(lora), None)


def _module() -> LoraModule:
    module: LoraModule | None = sys.modules.get(_MODULE)
    if module is None or not hasattr(module, "network"):
        raise HostError(
            "The webui's built-in Lora extension is switched off, and the person's LoRA needs it. Switch it on under "
            "Extensions and reload."
        )
    return module


def _name(lora: MethodLora) -> str:
    return f"facechain-person-{lora.digest}"


def _file(lora: MethodLora) -> Path:
    """The LoRA's own file, else one under the names that every host reads, written the first time."""
    if lora.file is not None:
        return lora.file
    path = models_folder() / "photomaker" / "lora" / f"{_name(lora)}.safetensors"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {key: value.contiguous() for key, value in kohya_lora(lora.tensors, source=lora.name).items()}
        with atomic_write(path) as temporary:
            save_file(tensors, temporary)
    return path
