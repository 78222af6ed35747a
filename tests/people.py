"""A person without any photo, for tests that need no face."""

from __future__ import annotations

import numpy as np
import torch

from facechain_ext.identity import Identity
from facechain_ext.identity.encode import PhotoFact


def someone(photos=1, *, seed=0, name="Eileen", heads=True):
    """A person of random photos: PhotoMaker takes their pixels alone."""
    made = np.random.default_rng(seed)
    colours, noise = made.integers(0, 200, (photos, 1, 1, 3)), made.integers(0, 55, (photos, 224, 224, 3))
    fact = PhotoFact("photo.png", "0" * 64, 1, (0.0, 0.0, 1.0, 1.0), "none", "none")
    return Identity(
        face_tokens=torch.zeros(photos, 144, 64),
        embeddings=torch.zeros(photos, 32) + 1,
        aligned=np.zeros((photos, 112, 112, 3), np.uint8),
        thumbnail=np.zeros((192, 192, 3), np.uint8),
        photos=(fact,) * photos,
        weights=(1.0,) * photos,
        encoder="none",
        name=name,
        heads=(colours + noise).astype(np.uint8) if heads else None,
    )
