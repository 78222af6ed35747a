"""What finishes a picture after it is made: the face of the photo over it, and its skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext import faces, retouch
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.lazy_names import late_module
from facechain_ext.retouch import sandbox
from facechain_ext.retouch.fuse.options import PAINTED

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels
    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.retouch.sandbox import process
else:  # seldom used
    process = late_module("facechain_ext.retouch.sandbox.process")

_FUSION, _RETOUCHING = "face-fusion", "skin-retouch"
"""Keys of the manifest."""


def fusion() -> FaceTool:
    """The published network once its Python was agreed to (``facechain weights consent``), else the own blend."""
    return Fuse() if sandbox.remedy(_FUSION) else RepositoryFuse()


def retouching() -> FaceTool:
    """The published network once its Python was agreed to (``facechain weights consent``), else the own filter."""
    return Retouch() if sandbox.remedy(_RETOUCHING) else RepositoryRetouch()


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
        blended = retouch.blend_face(
            source, here, target, there, strength=self.strength, target_mask=free, options=PAINTED
        )
        return Image.fromarray(blended)


@dataclass(frozen=True)
class Retouch:
    """Smooths the skin of every face."""

    strength: float = 0.6
    name: str = "Skin retouching"

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:
        """The picture with smooth skin; raises PhotoError where there is no face."""
        del photo  # tools that fuse need it
        pixels = np.array(picture.convert("RGB"))
        found = faces.detector().detect(pixels)
        if not found:
            raise PhotoError("there is no face in the picture.")
        return Image.fromarray(retouch.retouch_skin(pixels, found, strength=self.strength))


@dataclass(frozen=True)
class RepositoryFuse:
    """Fuses by ModelScope's network; its Python runs in a process of its own."""

    name: str = "Face fusion by ModelScope"

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:
        """The picture with the photo's face; raises PhotoError without a photo, HostError when the network fails."""
        if photo is None:
            raise PhotoError("there is no photo to take the face from; a card holds none.")
        target, user = np.array(picture.convert("RGB")), faces.read_picture(photo).pixels
        return _same_size(_process(_FUSION, "face_fusion_torch")(template=target, user=user), target)


@dataclass(frozen=True)
class RepositoryRetouch:
    """Smooths skin by ModelScope's network; its Python runs in a process of its own."""

    name: str = "Skin retouching by ModelScope"

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:
        """The picture with smooth skin; raises HostError when the network fails."""
        del photo  # tools that fuse need it
        pixels = np.array(picture.convert("RGB"))
        return _same_size(_process(_RETOUCHING, "skin-retouching-torch")(picture=pixels), pixels)


def _process(key: str, task: str) -> process.SandboxProcess:
    return process.sandbox_process(key, task)


def _same_size(made: Pixels, wanted: Pixels) -> Image.Image:
    if made.shape != wanted.shape:
        raise HostError(f"the network answered with {made.shape[1]}x{made.shape[0]} pixels; it was left out.")
    return Image.fromarray(made)
