"""The tab's look at a picture that the host is sampling: decoded from the latents that its live preview shows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from facechain_ext.devices import is_out_of_memory

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.recipes.job import EarlyLook

log = logging.getLogger(__name__)

_FULL_DECODER = 0
"""The host's number of its VAE, beside cheaper approximations for previews."""


def goes_on(look: EarlyLook) -> bool:
    """Whether ``look`` lets the picture go on that the host is sampling; also where it cannot be looked at."""
    from modules import shared

    latents = shared.state.current_latent  # without noise, as the last step predicts them
    if latents is None:
        return True
    try:
        return look.goes_on(_decode(latents))
    except Exception as error:
        if is_out_of_memory(error):
            raise
        log.exception("an unfinished picture cannot be looked at; it is finished")
        return True


def give_up() -> None:
    """Have the host skip the picture that it is sampling, as its own Skip button does."""
    from modules import shared

    shared.state.skipped = True


def _decode(latents: object) -> Image.Image:
    from modules import sd_samplers_common

    picture: Image.Image = sd_samplers_common.sample_to_image(latents, 0, approximation=_FULL_DECODER)
    return picture
