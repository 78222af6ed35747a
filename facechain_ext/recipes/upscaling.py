"""Super-resolution by the host's upscalers: of a stage in the studio, and at the end of any recipe."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.recipes.job import Host

SUPER_RESOLUTION = 2048
"""Longer side in pixels that FaceChain v3 offers as its largest."""
_LARGEST = 8192


@runtime_checkable
class SupportsUpscale(Host, Protocol):
    """A host that has upscalers of its own."""

    def upscale(self, picture: Image.Image, size: tuple[int, int], upscaler: str) -> tuple[Image.Image, str]:
        """The picture at ``size`` by the named upscaler, "" for the best it has; and the name of what was used.

        Raises HostError for a name that it has not.
        """
        ...


def upscale(
    host: Host | None, picture: Image.Image, size: tuple[int, int], upscaler: str = ""
) -> tuple[Image.Image, str]:
    """The picture at ``size`` by an upscaler of the host, and its name; Lanczos where the host has none."""
    if isinstance(host, SupportsUpscale):
        return host.upscale(picture, size, upscaler)
    return picture.resize(size, Image.Resampling.LANCZOS), "Lanczos"


def larger_size(size: tuple[int, int], longer: int) -> tuple[int, int]:
    """A picture's size with a longer side of ``longer`` pixels; its own where that is larger already.

    Raises InputError for a side that no picture should have.
    """
    if not 64 <= longer <= _LARGEST:
        raise InputError(f"FaceChain: a picture is enlarged to 64 to {_LARGEST} pixels, not {longer}.")
    scale = max(longer / max(size), 1.0)
    return round(size[0] * scale), round(size[1] * scale)
