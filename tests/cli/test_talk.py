"""facechain talk: what it asks for, and a video in the end."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext.cli.main import app
from facechain_ext.labels import describe, read_packet
from tests.media.conftest import bursts, ffmpeg

__all__ = ["bursts", "ffmpeg"]


def talk(*arguments):
    return CliRunner().invoke(app, ["talk", *map(str, arguments)])


def test_a_portrait_speaks_a_recording(photo, bursts, tmp_path):
    out = tmp_path / "a.mp4"
    done = talk(photo, "--voice", bursts, "--out", out, "--side", 256, "--fps", 5, "--consent")
    assert done.exit_code == 0, done.output
    assert str(out) in done.output.replace("\n", "")
    assert describe(read_packet(out.read_bytes()))["source_type"] == "compositeSynthetic"
    again = talk(photo, "--voice", bursts, "--out", out, "--consent")
    assert "exists already" in str(again.exception)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--say", "hello", "--voice", "a.wav", "--consent"), "--voice with a recording"),
        (("--consent",), "--voice with a recording"),
        (("--say", "hello"), "never did or said"),
        (("--say", "hello", "--speaker", "nobody", "--consent"), "--speaker takes"),
        (("--say", "hello", "--engine", "other"), "--engine takes"),
        (("--say", "hello", "--engine", "sadtalker"), "needs --engine-folder"),
        (("--say", "hello", "--engine", "sadtalker", "--engine-folder", "/nowhere"), "is not SadTalker"),
        (("--say", "hello", "--engine", "command"), "command line is empty"),
    ],
)
def test_what_is_missing_is_said(photo, tmp_path, arguments, reason):
    done = talk(photo, "--out", tmp_path / "a.mp4", *arguments)
    assert done.exit_code != 0
    assert reason in " ".join((done.output + str(done.exception)).replace("│", " ").split())
    assert not list(tmp_path.iterdir())
