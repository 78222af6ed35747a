"""The devices of our networks in the webui, by its own options; faces use the CPU where video memory is short."""

from __future__ import annotations

import torch

from facechain_ext.devices import DevicePolicy, use_policy
from facechain_ext.hosts.webui.host_facts import host, option_values

_TASK = "facechain"
"""The name of our networks in ``--use-cpu``; ``--use-cpu all`` includes them."""


def host_policy() -> DevicePolicy:
    """The webui's device for the U-Net, by ``--device-id`` and ``--use-cpu``; for faces the same or the CPU.

    Faces use a CUDA device unless an option says that its memory is short; any other device leaves them to the CPU.
    """
    from modules import devices

    device = torch.device(devices.get_device_for(_TASK))
    has_memory = device.type == "cuda" and not option_values(host().low_memory)
    return DevicePolicy(device, device if has_memory else torch.device("cpu"))


def use_host_policy() -> None:
    """Have every network of ours where the webui's options say."""
    use_policy(host_policy)
