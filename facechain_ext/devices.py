"""The device policy: CUDA, MPS or CPU for the networks that the project loads itself; a host can replace it.

The diffusion model belongs to the host and is never moved from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY_MESSAGES = ("out of memory", "can't allocate memory", "could not allocate", "not enough memory")
"""Parts of the messages of CUDA and MPS, the CPU, DirectML and the webuis when memory does not suffice."""


@dataclass(frozen=True)
class DevicePolicy:
    """``diffusion`` is the device of a diffusion model, ``face`` that of the networks for faces.

    ``face`` is the CPU when video memory is short: these networks stay loaded, and need under a second there.
    """

    diffusion: torch.device
    face: torch.device


_CPU = torch.device("cpu")


def standalone_policy() -> DevicePolicy:
    """The first CUDA device, else Apple's, else the CPU.

    The networks for faces use the CPU in place of Apple's device, which lacks some of their operations.
    """
    if torch.cuda.is_available():
        device = torch.device("cuda", torch.cuda.current_device())
        return DevicePolicy(device, device)
    if has_mps():
        return DevicePolicy(torch.device("mps"), _CPU)
    return DevicePolicy(_CPU, _CPU)


@dataclass
class _Configuration:
    """The policy of this process."""

    policy: Callable[[], DevicePolicy]


_configuration = _Configuration(standalone_policy)


def use_policy(policy: Callable[[], DevicePolicy]) -> None:
    """Set the policy of this process; it is called each time that a network is loaded."""
    _configuration.policy = policy


def diffusion_device() -> torch.device:
    """The device of a diffusion model that the project loads itself."""
    return _configuration.policy().diffusion


def face_device() -> torch.device:
    """The device of the networks for faces."""
    return _configuration.policy().face


def has_mps() -> bool:
    """Whether Apple's GPU can be used."""
    return bool(torch.backends.mps.is_available())


def default_dtype(device: torch.device | str) -> torch.dtype:
    """The dtype of a diffusion model on ``device``: float16 on CUDA, else float32 (on MPS, float16 VAEs give black)."""
    return torch.float16 if torch.device(device).type == "cuda" else torch.float32


def copies_in_background(device: torch.device) -> bool:
    """Whether copies to ``device`` may be asynchronous; on MPS the target could be read before the copy is complete."""
    return device.type == "cuda"


def free_memory(device: torch.device) -> int | None:
    """Free bytes of a CUDA device; None for other devices."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else None


def available_memory(device: torch.device) -> int | None:
    """Bytes that can still be had on ``device``: of the machine where the device has no memory of its own.

    None where the machine does not say.
    """
    if device.type == "cuda":
        return free_memory(device)
    try:
        import psutil  # type: ignore[import-untyped]  # noqa: PLC0415 - every host and the training have it
    except ImportError:
        return None
    return int(psutil.virtual_memory().available)


def cuda_properties(device: torch.device) -> tuple[str, int]:
    """The name of a CUDA device, and its memory in bytes."""
    return torch.cuda.get_device_name(device), int(torch.cuda.get_device_properties(device).total_memory)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` reports insufficient memory, on any device."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(part in str(error).lower() for part in _MEMORY_MESSAGES)
