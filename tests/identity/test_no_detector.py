"""Photos where no network can find faces: what is wrong with the file itself is said first."""

from __future__ import annotations

import pytest

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.identity import Identity


@pytest.fixture(autouse=True)
def _no_detector(monkeypatch):
    def no_detector():
        raise HostError("No face detector can work here.")

    monkeypatch.setattr(faces, "detector", no_detector)


def test_a_file_that_is_no_picture_is_refused_as_such(encoder):
    with pytest.raises(PhotoError, match="picture"):
        Identity.from_photos([b"no picture"], encoder)


def test_a_picture_names_what_is_missing(encoder, astronaut):
    with pytest.raises(HostError, match="No face detector"):
        Identity.from_photos([b"no picture", astronaut], encoder)
