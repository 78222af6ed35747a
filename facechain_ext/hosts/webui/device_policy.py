"""The devices of our networks in the webui, by its own options; faces use the CPU where video memory is short."""

from __future__ import annotations

import sys

import torch

from facechain_ext.devices import DevicePolicy

_TASK = "facechain"
"""The name of our networks in ``--use-cpu``; ``--use-cpu all`` includes them."""
_LOW_MEMORY_OPTIONS = ("lowvram", "always_low_vram", "always_no_vram")
"""Options of AUTOMATIC1111 and of Forge and its relatives for cards with little video memory."""
_FORGE_OPTIONS = ("backend.args", "ldm_patched.modules.args_parser")
"""Modules in which Forge and its relatives have options of their own."""


def host_policy() -> DevicePolicy:
    """The webui's device for the U-Net, by ``--device-id`` and ``--use-cpu``; for faces the same or the CPU.

    Faces use a CUDA device unless an option says that its memory is short; any other device leaves them to the CPU.
    """
    from modules import devices

    device = torch.device(devices.get_device_for(_TASK))
    has_memory = device.type == "cuda" and not any(
        getattr(options, name, False) for options in _options() for name in _LOW_MEMORY_OPTIONS
    )
    return DevicePolicy(device, device if has_memory else torch.device("cpu"))


def _options() -> list[object]:
    from modules import shared

    forge_options = (getattr(sys.modules.get(name), "args", None) for name in _FORGE_OPTIONS)
    return [shared.cmd_opts, *(options for options in forge_options if options is not None)]
