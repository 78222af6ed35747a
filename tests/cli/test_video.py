"""facechain video: what it asks for, and a clip in the end."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

import numpy as np
from PIL import Image

from facechain_ext.cli.main import app
from facechain_ext.errors import FaceChainError
from facechain_ext.labels import describe, read_packet
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


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--template with a clip, or words"),
        (("words", "--template", "b.mp4"), "--template with a clip, or words"),
        (("words",), "needs a --checkpoint and a --motion"),
        (("--template", "b.mp4", "--source", "b.mp4"), "give one of them"),
        (("words", "--checkpoint", "a", "--motion", "b", "--preset", "Slow"), "Slow"),
    ],
)
def test_one_of_both_ways_is_asked_for(tmp_path, arguments, reason):
    done = video("--photo", "a.jpg", "--out", tmp_path / "c.mp4", "--consent", *arguments)
    assert reason in " ".join((done.output + str(done.exception)).replace("│", " ").split())


@pytest.mark.parametrize("source", [None, "clip.mp4", "still.png"])
def test_a_clip_from_words(models, photo, tmp_path, ffmpeg, source):
    from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
    from tests.hosts.diffusers.test_clip import motion

    widths = load_checkpoint(models.checkpoint).unet.config.block_out_channels
    motion(widths).save_pretrained(tmp_path / "motion")
    out = tmp_path / "a.mp4"
    write_video([np.full((90, 120, 3), 90, np.uint8)] * 3, tmp_path / "clip.mp4", 8, suffix=".mp4")
    Image.new("RGB", (120, 90), (90, 80, 70)).save(tmp_path / "still.png")
    over = ["--source", tmp_path / source, "--preset", "Fast"] if source else []
    done = video(
        "a person", "--photo", photo, "--checkpoint", models.checkpoint, "--motion", tmp_path / "motion", "--adapter",
        models.adapter, "--encoder", models.encoder, "--frames", 2, "--steps", 1, "--size", 64, "--out", out,
        "--consent", *over,
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    made = open_clip(out)
    assert (len(list(made.frames())), made.width, made.height) == (2, 88 if source else 64, 64)
    kind = "compositeWithTrainedAlgorithmicMedia" if source else "trainedAlgorithmicMedia"
    assert describe(read_packet(out.read_bytes()))["source_type"] == kind


@pytest.mark.parametrize("place", ["--photo", "--template"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "missing", "empty"])
def test_what_is_no_file_is_one_sentence(photo, tmp_path, place, kind):
    """A named pipe would wait for ever."""
    one, gif = tmp_path / "one", tmp_path / "a.gif"
    Image.open(photo).resize((64, 64)).save(gif)
    if kind == "pipe":
        os.mkfifo(one)
    elif kind == "folder":
        one.mkdir()
    elif kind == "empty":
        one.touch()
    files = {"--photo": photo, "--template": gif} | {place: one}
    done = video(*(part for pair in files.items() for part in pair), "--out", tmp_path / "b.gif", "--consent")
    assert isinstance(done.exception, FaceChainError), done.exception
    assert "one" in str(done.exception)
