"""The webui's own face restoration (GFPGAN, CodeFormer, those of extensions) as tools that finish a picture."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from facechain_ext.hosts.webui.host_types import FaceRestorer
    from facechain_ext.recipes.style import FaceTool

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class HostFaceRestorer:
    """One of the webui's face restorers as a tool."""

    restorer: FaceRestorer
    name: str

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:
        """The picture restored, of the same size; raises HostError when the restorer fails or changes the size."""
        del photo  # the webui's restorers know no person
        pixels = np.array(picture.convert("RGB"))
        try:
            restored = np.asarray(self.restorer.restore(pixels.copy()), np.uint8)
        except Exception as error:
            log.exception("%s failed", self.name)
            raise HostError(f"the webui's {self.name} failed: {error}") from error
        if restored.shape != pixels.shape:
            raise HostError(f"the webui's {self.name} answered with another size; it was left out.")
        if np.array_equal(restored, pixels):  # without its weights it logs a warning and returns the picture unchanged
            raise HostError(f"the webui's {self.name} changed nothing: no face was found, or its weights are missing.")
        return Image.fromarray(restored)


def restorers() -> dict[str, FaceTool]:
    """The webui's face restorers by name."""
    from modules import shared

    named = ((str(restorer.name()), restorer) for restorer in getattr(shared, "face_restorers", ()))
    return {name: HostFaceRestorer(restorer, name) for name, restorer in named if name != "None"}
