"""The webui's own face restoration (GFPGAN, CodeFormer, what extensions add) as tools that finish a picture."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from facechain_ext.recipes.style import FaceTool

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class HostRestore:
    """One of the webui's restorers."""

    restorer: Any
    name: str

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:  # noqa: ARG002 - as all tools
        """The picture restored, of the same size; raises HostError when the restorer fails or changes the size."""
        pixels = np.array(picture.convert("RGB"))
        try:
            made = np.asarray(self.restorer.restore(pixels.copy()), np.uint8)
        except Exception as error:
            log.exception("%s failed", self.name)
            raise HostError(f"the webui's {self.name} failed: {error}") from error
        if made.shape != pixels.shape:
            raise HostError(f"the webui's {self.name} answered with another size; it was left out.")
        if np.array_equal(made, pixels):  # without its weights it warns in the console and gives the picture back
            raise HostError(f"the webui's {self.name} changed nothing: no face was found, or its weights are missing.")
        return Image.fromarray(made)


def restorers() -> dict[str, FaceTool]:
    """What the webui has, by name."""
    from modules import shared

    named = ((str(one.name()), one) for one in getattr(shared, "face_restorers", ()))
    return {name: HostRestore(one, name) for name, one in named if name != "None"}
