"""The photo of the tests, as bytes and as requests send it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

PHOTO = (Path(__file__).parent / "astronaut.jpg").read_bytes()
BASE64 = base64.b64encode(PHOTO).decode()


def base64_of(pixels):
    """A PNG of ``pixels`` in base64."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def mirrored_photo():
    """The photo mirrored, in base64."""
    return base64_of(np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))[:, ::-1])
