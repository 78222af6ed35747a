"""Enlarging by the webui's own upscalers, those of its Extras tab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.messages import first_line
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from PIL import Image

_LANCZOS, _NONE = "Lanczos", "None"
"""Names of the webui: an upscaler without a model, and that which leaves the size."""


def names() -> tuple[str, ...]:
    """What pictures can be enlarged by."""
    from modules import shared

    return tuple(one.name for one in shared.sd_upscalers if one.name != _NONE)


def upscale(picture: Image.Image, size: tuple[int, int], upscaler: str) -> tuple[Image.Image, str]:
    """The picture at ``size``, and the name of what enlarged it; "" takes the first whose model is here.

    Raises HostError for a name that the webui has not, and with its reason where it fails.
    """
    from modules import images

    if upscaler and upscaler not in names():
        raise HostError(f"This webui has no upscaler {shorten(upscaler)}; it has {', '.join(names())}.")
    chosen = upscaler or _best()
    try:
        enlarged: Image.Image = images.resize_image(0, picture.convert("RGB"), *size, upscaler_name=chosen)
    except Exception as error:  # whatever an upscaler of some extension raises
        raise HostError(f"The upscaler {chosen} failed: {first_line(error)}") from error
    return enlarged, chosen


def _best() -> str:
    """The first upscaler whose model lies on the disk, as choosing another would download one; else Lanczos."""
    from modules import shared

    for one in shared.sd_upscalers:
        file = str(getattr(one, "local_data_path", "") or getattr(one, "data_path", "") or "")
        if file and not file.startswith("http") and Path(file).is_file():
            return str(one.name)
    return _LANCZOS
