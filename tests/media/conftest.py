"""Sounds made by hand, and ffmpeg."""

from __future__ import annotations

import pytest

from tests.media.sounds import write_wav


@pytest.fixture(scope="session")
def ffmpeg():
    from facechain_ext.media.ffmpeg import find_ffmpeg

    if find_ffmpeg() is None:
        pytest.skip("no ffmpeg here")


@pytest.fixture(scope="session")
def bursts(tmp_path_factory, ffmpeg):
    """1.2 seconds: three bursts of 0.2 s with 0.2 s of silence after each, the second half as loud."""
    return write_wav(tmp_path_factory.mktemp("sounds") / "bursts.wav", (0.8, 0.0, 0.4, 0.0, 0.8, 0.0))
