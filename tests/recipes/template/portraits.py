"""A real person's portraits side by side as templates, and people to put in."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from skimage import data

from facechain_ext.identity import Identity, PhotoFact
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.template import FaceSource, Settings
from research.sheets.template import beside

ASTRONAUT = data.astronaut()


HEAD = ASTRONAUT[:230, 110:340]


def relit(pixels, red=1.0, blue=1.0, light=1.0):
    """The same portrait in another light."""
    return np.clip(pixels * np.array([red, 1.0, blue]) * light, 0, 255).astype(np.uint8)


SOURCE = FaceSource(photo=relit(ASTRONAUT[:, ::-1], 1.05, 0.9, 0.9))


row = beside
"""Heads side by side on a plain ground."""


def png(pixels, **extra):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **extra)
    return file.getvalue()


def turned(head, degrees):
    return np.asarray(Image.fromarray(head).rotate(degrees, expand=False, fillcolor=(120, 120, 120)))


def small(head, side):
    return np.asarray(Image.fromarray(head).resize((side, side), Image.Resampling.LANCZOS))


def somebody():
    """A person without a photo to fuse, so that what is seen is what was painted."""
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    return FaceSource(
        Identity(torch.zeros(1, 4, 8), torch.ones(1, 8), grey, grey[0], (fact,), (1.0,), "encoder", "Anna")
    )


def standard(**changes):
    return Settings(quality="standard", match=False, **changes)


class Bluest:
    """Finds a picture the more like the bluer its middle is."""

    def likeness(self, picture, identity):
        return Likeness(picture.getpixel((picture.width // 2, picture.height // 2))[2] / 255, "ArcFace")
