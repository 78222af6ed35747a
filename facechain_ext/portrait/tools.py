"""What finishes a picture after it is made: the face of the photo over it, and its skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import PhotoError


@dataclass(frozen=True)
class Fuse:
    """Lays the face of the photo over the largest face of the picture."""

    strength: float = 1.0
    name: str = "Face fusion"

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:
        """The picture with the photo's face; raises PhotoError where one of them has no face, or there is no photo."""
        if photo is None:
            raise PhotoError("there is no photo to take the face from; a card holds none.")
        detector, masker = faces.detector(), faces.head_masker()
        source, target = faces.read_picture(photo).pixels, np.array(picture.convert("RGB"))
        here = faces.choose_face(detector.detect(source))
        there = faces.choose_face(detector.detect(target))
        free = masker.mask(target, there).face
        return Image.fromarray(faces.blend_face(source, here, target, there, strength=self.strength, target_mask=free))


@dataclass(frozen=True)
class Retouch:
    """Smooths the skin of every face."""

    strength: float = 0.6
    name: str = "Skin retouching"

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:  # noqa: ARG002 - as all tools
        """The picture with smooth skin; raises PhotoError where there is no face."""
        pixels = np.array(picture.convert("RGB"))
        found = faces.detector().detect(pixels)
        if not found:
            raise PhotoError("there is no face in the picture.")
        return Image.fromarray(faces.retouch_skin(pixels, found, strength=self.strength))
