"""The Host on diffusers, and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facechain_ext.hosts.diffusers.host import DiffusersHost

__all__ = ["DiffusersHost"]


def __getattr__(name: str) -> Any:
    """Load the host, and with it diffusers, when it is first asked for."""
    if name != "DiffusersHost":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from facechain_ext.hosts.diffusers.host import DiffusersHost

    return DiffusersHost
