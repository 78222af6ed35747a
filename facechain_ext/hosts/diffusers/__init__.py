"""The Host on diffusers: pictures without a webui."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facechain_ext.hosts.diffusers.host import DiffusersHost

__all__ = ["DiffusersHost"]


def __getattr__(name: str) -> type[DiffusersHost]:
    """Import the host, and with it diffusers, on first access; raises AttributeError for another name."""
    if name != "DiffusersHost":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from facechain_ext.hosts.diffusers.host import DiffusersHost

    return DiffusersHost
