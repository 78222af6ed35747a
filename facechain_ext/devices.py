"""Where things compute: one policy for CUDA, MPS and the CPU, which a host replaces by its own.

The diffusion model belongs to the host and is never moved from here. What the project loads itself follows this policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "could not allocate", "not enough memory")
"""Parts of what CUDA and MPS, the CPU, DirectML and the webuis say when memory does not suffice."""


@dataclass(frozen=True)
class DevicePolicy:
    """``diffusion`` is where a diffusion model computes, ``face`` where networks that look at faces do.

    ``face`` is the CPU when video memory is short: these networks stay loaded, and take under a second there.
    """

    diffusion: torch.device
    face: torch.device


_CPU = torch.device("cpu")


def standalone_policy() -> DevicePolicy:
    """The first CUDA device, else Apple's, else the CPU.

    Networks that look at faces compute on the CPU where the device is Apple's, which lacks some of their operations.
    """
    if torch.cuda.is_available():
        device = torch.device("cuda", torch.cuda.current_device())
        return DevicePolicy(device, device)
    if has_mps():
        return DevicePolicy(torch.device("mps"), _CPU)
    return DevicePolicy(_CPU, _CPU)


_policy: Callable[[], DevicePolicy] = standalone_policy


def use_policy(policy: Callable[[], DevicePolicy]) -> None:
    """Let ``policy`` be asked from now on, each time that something is loaded."""
    global _policy  # noqa: PLW0603 - one policy for the process is the point
    _policy = policy


def diffusion_device() -> torch.device:
    """Where a diffusion model that the project loads itself computes."""
    return _policy().diffusion


def face_device() -> torch.device:
    """Where a network that looks at faces computes."""
    return _policy().face


def has_mps() -> bool:
    """Whether Apple's graphics processor can be used."""
    return bool(torch.backends.mps.is_available())


def default_dtype(device: torch.device | str) -> torch.dtype:
    """The precision of a diffusion model on ``device``: half on CUDA, else single; Apple's VAE is black in half."""
    return torch.float16 if torch.device(device).type == "cuda" else torch.float32


def copies_in_background(device: torch.device) -> bool:
    """Whether a copy to ``device`` may go on while the program does; on MPS it can be read before it has arrived."""
    return device.type == "cuda"


def free_memory(device: torch.device) -> int | None:
    """Bytes free on a CUDA device; None where nobody counts them."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory did not suffice, on any device."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY_WORDS)
