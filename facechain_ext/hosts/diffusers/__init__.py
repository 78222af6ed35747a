"""The Host on diffusers: pictures without a webui."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.hosts.diffusers.host import DiffusersHost

__all__ = ["DiffusersHost"]

__getattr__ = lazy_names(__name__, {"host": ("DiffusersHost",)})
