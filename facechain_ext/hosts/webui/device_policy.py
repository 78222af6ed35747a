"""Where networks compute in the webui: as its own options say, and beside nothing else where video memory is short."""

from __future__ import annotations

import sys
from typing import Any

import torch

from facechain_ext.devices import DevicePolicy

_TASK = "facechain"
"""What ``--use-cpu`` calls our networks; ``--use-cpu all`` means them too."""
_LITTLE_MEMORY = ("lowvram", "always_low_vram", "always_no_vram")
"""Options of AUTOMATIC1111 and of Forge and its relatives for cards with little video memory."""
_FORGES = ("backend.args", "ldm_patched.modules.args_parser")
"""Where Forge and its relatives keep options of their own."""


def host_policy() -> DevicePolicy:
    """The webui's device for the U-Net; for faces the same where it is CUDA's and has memory to spare, else the CPU.

    The webui's device follows ``--device-id`` and ``--use-cpu``.
    """
    from modules import devices

    device = torch.device(devices.get_device_for(_TASK))
    spare = device.type == "cuda" and not any(
        getattr(options, name, False) for options in _options() for name in _LITTLE_MEMORY
    )
    return DevicePolicy(device, device if spare else torch.device("cpu"))


def _options() -> list[Any]:
    from modules import shared

    forges = (getattr(sys.modules.get(name), "args", None) for name in _FORGES)
    return [shared.cmd_opts, *(options for options in forges if options is not None)]
