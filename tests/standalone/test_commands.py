"""The command line as a user calls it: exit codes, one line of error, nothing overwritten."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PIL import Image


def run(*arguments, cwd=None):
    command = [sys.executable, "-m", "facechain_ext", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=300)


@pytest.fixture(scope="module")
def common(models):
    return [
        "portrait", "--checkpoint", models.checkpoint, "--adapter", models.adapter, "--encoder", models.encoder,
        "--prompt", "a woman", "--steps", "2", "--size", "64x64",
    ]  # fmt: skip


def test_version():
    from facechain_ext import __version__

    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"facechain {__version__}")


def test_a_portrait_carries_its_settings_and_overwrites_nothing(common, photo, tmp_path):
    first = run(*common, "--photo", photo, "--out", tmp_path, "--strength", "0.7")
    assert first.returncode == 0, first.stderr
    before = (tmp_path / "portrait-0001.png").read_bytes()
    assert run(*common, "--photo", photo, "--out", tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["portrait-0001.png", "portrait-0002.png"]
    assert (tmp_path / "portrait-0001.png").read_bytes() == before
    assert "FaceChain strength: 0.7" in Image.open(tmp_path / "portrait-0001.png").text["parameters"]


def test_a_card_stands_for_the_photo(common, models, photo, tmp_path):
    card = tmp_path / "anna.safetensors"
    made = run("identity", "make", photo, "--out", card, "--name", "Anna", "--encoder", models.encoder)
    assert made.returncode == 0, made.stderr
    assert "Anna" in run("identity", "show", card).stdout
    assert run(*common, "--card", card, "--out", tmp_path / "out").returncode == 0
    again = run("identity", "make", photo, "--out", card, "--encoder", models.encoder)
    assert again.returncode != 0
    assert "not overwritten" in again.stderr


def test_a_style_brings_its_words_and_the_best_are_kept(common, photo, tmp_path):
    from facechain_ext.styles import catalogue

    key, style = next((key, style) for key, style in catalogue().items() if style.lora is None)
    asked = ["--photo", photo, "--out", tmp_path, "--style", key, "--count", "2", "--keep", "1"]
    done = run(*common, *asked)
    assert done.returncode == 0, done.stderr
    assert "Likeness: no face" in done.stdout  # random models draw none
    (picture,) = tmp_path.iterdir()
    text = Image.open(picture).text["parameters"]
    assert style.prompt.split(",")[0] in text
    assert "a woman" in text
    unknown = run(*common, "--photo", photo, "--out", tmp_path, "--style", "no-such-style")
    assert "no style" in unknown.stderr


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--photo", "missing.jpg"], "missing.jpg"),
        (["--photo", "pyproject.toml"], "picture"),
        (["--photo", "PHOTO", "--face", "4"], "no face number 4"),
        (["--photo", "PHOTO", "--size", "65x64"], "multiple of 8"),
        (["--photo", "PHOTO", "--sampler", "Magic"], "no sampler"),
        (["--photo", "PHOTO", "--lora", "PHOTO"], "astronaut.png"),
        (["--card", "PHOTO"], "card"),
    ],
)
def test_an_error_is_one_line_on_stderr(common, photo, tmp_path, extra, words):
    done = run(*common, "--out", tmp_path, *[photo if part == "PHOTO" else part for part in extra])
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith(("W0000", "INFO", "WARNING"))]
    assert words in lines[-1]
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_wrong_options_end_with_2(common):
    for extra in (["--window", "1-0"], ["--size", "big"], []):
        assert run(*common, *extra).returncode == 2


def test_the_demo_makes_everything(tmp_path):
    done = run("demo", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "portrait-0001.json").read_text())
    assert len(report["pictures"]) == 3
    assert ("RANDOM" in done.stdout) == ("random" in report["models"])
    assert Image.open(tmp_path / "sheet-0001.png").width > 500
    assert "embedding" not in json.dumps(report)
