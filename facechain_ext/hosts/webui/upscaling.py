"""Enlarging by the webui's own upscalers, those of its Extras tab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.messages import first_line
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from PIL import Image

NO_UPSCALER, _LANCZOS = "None", "Lanczos"
"""Names of the webui: the upscaler that leaves a picture as it is, before it is resized, and one without a model."""


def names() -> tuple[str, ...]:
    """What pictures can be enlarged by."""
    from modules import shared

    return tuple(one.name for one in shared.sd_upscalers if one.name != NO_UPSCALER)


def model_place(upscaler: object) -> str:
    """The file of an upscaler's model, or its address while it is not here; "" for one without a model."""
    return str(getattr(upscaler, "local_data_path", None) or getattr(upscaler, "data_path", None) or "")


def is_remote(upscaler: object) -> bool:
    """Whether an upscaler's model is an address yet, as a host names those that it downloads when they are used."""
    return model_place(upscaler).startswith("http")


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
        if model_place(one) and not is_remote(one) and Path(model_place(one)).is_file():
            return str(one.name)
    return _LANCZOS
