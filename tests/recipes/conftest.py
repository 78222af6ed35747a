"""A real person to a small random encoder."""

from __future__ import annotations

import pytest
from skimage import data

from facechain_ext.identity import Identity
from tests.encoders import small_encoder


@pytest.fixture(scope="module")
def encoder():
    return small_encoder(depth=2, seed=3)


@pytest.fixture(scope="module")
def person(encoder):
    return Identity.from_photos(data.astronaut(), encoder, name="Eileen")
