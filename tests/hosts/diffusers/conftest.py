"""Small random models of the real layout, the host that runs them, and a real photo."""

from __future__ import annotations

import pytest

from facechain_ext.demo import random_models


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    return random_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """Eileen Collins, NASA, public domain, as a file."""
    from PIL import Image
    from skimage import data

    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


@pytest.fixture(scope="session")
def host(models):
    from facechain_ext.hosts.diffusers import DiffusersHost

    return DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)


@pytest.fixture(scope="session")
def person(models, photo):
    from facechain_ext.identity import Identity, TransFace

    return Identity.from_photos(photo, TransFace.from_file(models.encoder), name="Eileen")
