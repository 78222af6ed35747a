"""facechain video: what it asks for, and a clip in the end."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

import numpy as np
from PIL import Image

from facechain_ext.cli.main import app
from facechain_ext.media.clip import open_clip
from facechain_ext.media.video import write_video
from tests.media.conftest import ffmpeg

__all__ = ["ffmpeg"]


def video(*arguments):
    return CliRunner().invoke(app, ["video", *map(str, arguments)])


def test_a_person_in_a_clip(photo, tmp_path, ffmpeg):
    clip, out = tmp_path / "clip.mp4", tmp_path / "out.gif"
    frame = np.asarray(Image.open(photo).convert("RGB"))[:240, 100:340]
    write_video([frame] * 2, clip, 5, suffix=".mp4")
    done = video("--photo", photo, "--template", clip, "--out", out, "--consent")
    assert done.exit_code == 0, done.output
    with Image.open(out) as made:
        assert made.n_frames in {1, 2}  # Pillow joins equal frames
    assert open_clip(clip).width == 240
    again = video("--photo", photo, "--template", clip, "--out", out, "--consent")
    assert "exists already" in str(again.exception)


def test_without_consent_nothing_is_read(tmp_path):
    done = video("--photo", "a.jpg", "--template", "b.mp4", "--out", tmp_path / "c.mp4")
    assert "never did or said" in str(done.exception)
