"""Enlarging by the host's upscalers: in a stage of the studio, and at the end of a portrait."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PIL import Image

from facechain_ext.recipes.host import Host


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
