"""Pictures in the formats that labels go into; AVIF by OpenCV, as not every Pillow writes it."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

PIXELS = np.random.default_rng(0).integers(0, 255, (48, 65, 3), dtype=np.uint8)


PERSON = "a photo\nSteps: 3, Seed: 1, FaceChain identity: Anna (0123abcd), FaceChain strength: 0.5"
"""The infotext of a picture with a person, made of text."""


def encoded(kind, picture=None, **options):
    """A small picture as a file of this kind."""
    picture = picture if picture is not None else Image.fromarray(PIXELS)
    if kind == "AVIF":
        if not cv2.haveImageWriter("a.avif"):
            pytest.skip("this OpenCV writes no AVIF")
        done, data = cv2.imencode(".avif", np.asarray(picture)[..., ::-1])
        assert done
        return data.tobytes()
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def pixels(content):
    """RGB pixels of a file."""
    if content[4:8] == b"ftyp":
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
