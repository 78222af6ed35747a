"""facechain label: shows, adds, draws, and goes on after a file that fails."""

from __future__ import annotations

import os

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import FaceChainError
from facechain_ext.labels import describe, read_packet
from tests.labels.pictures import encoded, pixels


def run(*arguments):
    return CliRunner().invoke(app, ["label", *map(str, arguments)])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_label_is_added_and_shown(kind, tmp_path):
    file = tmp_path / f"a.{kind.lower()}"
    file.write_bytes(encoded(kind))
    assert "no label" in run(file).stdout
    assert run(file, "--add", "partly", "--producer", "us").exit_code == 0
    shown = run(file).stdout
    for words in ("source_type: compositeWithTrainedAlgorithmicMedia", "tool: FaceChain", '"ContentProducer": "us"'):
        assert words in shown
    assert (pixels(file.read_bytes()) == pixels(encoded(kind))).all()


def test_adding_again_keeps_what_the_file_says(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(encoded("PNG"))
    run(file, "--add", "made")
    first = describe(read_packet(file.read_bytes()))
    run(file, "--add", "partly")
    second = describe(read_packet(file.read_bytes()))
    assert second["source_type"] == "trainedAlgorithmicMedia"  # a part of what a model made
    assert second["derived_from"] == first["identifier"]


def test_a_visible_label_keeps_the_infotext(tmp_path):
    texts = PngInfo()
    texts.add_text("parameters", "a prompt")
    file = tmp_path / "a.png"
    file.write_bytes(encoded("PNG", pnginfo=texts))
    assert run(file, "--corner", "bottom right", "--add", "made").exit_code == 0
    assert Image.open(file).info["parameters"] == "a prompt"
    assert (pixels(file.read_bytes()) != pixels(encoded("PNG"))).any()


def test_a_file_that_fails_is_named_and_the_rest_goes_on(tmp_path):
    bad, good = tmp_path / "bad.txt", tmp_path / "good.png"
    bad.write_text("hello")
    good.write_bytes(encoded("PNG"))
    result = run(bad, tmp_path / "missing.png", good, "--add", "made")
    assert result.exit_code == 1
    assert "bad.txt" in result.stdout
    assert "missing.png" in result.stdout
    assert bad.read_text() == "hello"
    assert read_packet(good.read_bytes())


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--add", "all"], "--add takes"), (["--corner", "middle"], "--corner takes"), (["--key", "k"], "--certificate")],
)
def test_wrong_options_are_refused(options, words, tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(encoded("PNG"))
    result = run(file, *options)
    assert result.exit_code == 2
    assert words in result.output
    assert file.read_bytes() == encoded("PNG")


def test_no_pipe_is_waited_for(tmp_path):
    pipe, good = tmp_path / "pipe.png", tmp_path / "a.png"
    os.mkfifo(pipe)
    good.write_bytes(encoded("PNG"))
    result = run(pipe, good)
    assert result.exit_code == 1
    assert "is a named pipe" in result.output
    assert "a.png" in result.output
    for certificate in (pipe, tmp_path / "missing"):
        refused = run(good, "--certificate", certificate, "--key", good)
        assert isinstance(refused.exception, FaceChainError), refused.exception
