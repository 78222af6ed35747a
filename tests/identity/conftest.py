"""A small random encoder, and the real portrait that scikit-image ships."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.identity import Identity, TransFace, TransFaceSizes

SMALL = TransFaceSizes(width=128, depth=2, hidden=64, embedding=32)


@pytest.fixture(scope="session")
def encoder_state():
    """A random state dict in which no tensor is trivial."""
    torch.manual_seed(0)
    state = TransFace(SMALL).state_dict()
    for key, value in state.items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(len(key))) * 0.1
            state[key] = value + (noise.abs() if key.endswith("running_var") else noise)
    return state


@pytest.fixture(scope="session")
def encoder_file(encoder_state, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "small.pt"
    torch.save(encoder_state, path)
    return path


@pytest.fixture(scope="session")
def encoder(encoder_file):
    return TransFace.from_file(encoder_file)


@pytest.fixture(scope="session")
def astronaut():
    """Eileen Collins, NASA, public domain: uint8 [512, 512, 3]."""
    from skimage import data

    return data.astronaut()


@pytest.fixture(scope="module")
def person(astronaut, encoder):
    return Identity.from_photos(astronaut, encoder, name="Eileen")
