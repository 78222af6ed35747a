"""A real person to a small random encoder."""

from __future__ import annotations

import pytest
import torch
from skimage import data

from facechain_ext.identity import Identity, TransFace, TransFaceSizes


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(3)
    return TransFace(TransFaceSizes(width=64, depth=2, hidden=64, embedding=32)).eval()


@pytest.fixture(scope="module")
def person(encoder):
    return Identity.from_photos(data.astronaut(), encoder, name="Eileen")
