"""The command line as a user calls it: exit codes, one line of error, nothing overwritten."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

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
    assert len(report["pictures"]) == (3 if "random" in report["models"] else 4)
    assert ("RANDOM" in done.stdout) == ("random" in report["models"])
    assert Image.open(tmp_path / "sheet-0001.png").width > 500
    assert "embedding" not in json.dumps(report)


def refused(*arguments) -> str:
    """What the program says of options that it does not take, asked in this process."""
    from typer.testing import CliRunner

    from facechain_ext.standalone.cli import app

    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 2, done.output
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.output).split())


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--photo", "a.png", "--lora", "f:1.2.3"], "--lora takes a file"),
        (["--photo", "a.png", "--lora", "f:."], "--lora takes a file"),
        (["--photo", "a.png", "--lora", f"f:{'9' * 400}"], "--lora takes a file"),
        (["--photo", "a.png", "--cfg", "nan"], "--cfg"),
        (["--photo", "a.png", "--strength", "nan"], "--strength"),
        (["--photo", "a.png", "--size", f"{'9' * 5000}x64"], "two numbers"),
        (["--photo", "a.png", "--size", "²x64"], "two numbers"),
        (["--photo", "a.png", "--window", "1.2.3-1"], "two numbers"),
        (["--photo", "a.png", "--card", "b.safetensors"], "not both"),
        (["--card", "b.safetensors", "--face", "2"], "--face chooses"),
    ],
)
def test_options_that_are_no_numbers_are_one_sentence(extra, words):
    assert words in refused("portrait", "--checkpoint", "x", "--prompt", "a woman", *extra)


@pytest.mark.parametrize("number", ["²", "٣", "9" * 400, "-1", "", "1.0"])
def test_the_number_of_a_face_is_a_number(number, tmp_path):
    asked = ["--template", "t.png", "--face", f"{number}=me.png", "--out", tmp_path / "o.png"]
    assert "--face takes NUMBER" in refused("template", *asked)


def test_settings_of_a_training_that_nest_without_end_are_one_sentence(tmp_path):
    deep = tmp_path / "settings.json"
    deep.write_text("[" * 20_000)
    asked = ["--checkpoint", "c", "--photos", "p", "--out", tmp_path / "o", "--settings", deep]
    assert "cannot be read as JSON" in refused("train", "adapter", *asked)


def test_a_seed_beyond_those_of_torch_is_one_sentence(common, photo, tmp_path):
    done = run(*common, "--photo", photo, "--out", tmp_path, "--seed", 2**64)
    assert done.returncode == 1
    assert "seeds" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_keeps_what_is_finished(common, photo, tmp_path):
    command = [*common, "--photo", photo, "--out", tmp_path, "--count", "500"]
    command = [sys.executable, "-m", "facechain_ext", *map(str, command)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while len(list(tmp_path.glob("portrait-*.png"))) < 3:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    pictures = sorted(tmp_path.iterdir())
    assert process.returncode == 130
    assert 3 <= len(pictures) < 500
    assert [path.name for path in pictures] == [f"portrait-{n:04d}.png" for n in range(1, len(pictures) + 1)]
    for path in pictures:
        Image.open(path).load()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file name may be any bytes")
def test_signs_that_the_console_or_unicode_has_not(common, photo, tmp_path):
    folder = tmp_path / os.fsdecode(b"b\xff\xc3\xa9\xe4\xba\xba")
    command = [sys.executable, "-m", "facechain_ext", *map(str, common), "--photo", str(photo), "--out", folder]
    command[command.index("a woman")] = "a woman " + os.fsdecode(b"\xff")
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=300, env=os.environ | {"PYTHONIOENCODING": "cp1252"}
    )
    assert done.returncode == 0, done.stderr
    assert b"portrait-0001.png" in done.stdout
    (picture,) = folder.iterdir()
    assert "a woman \ufffd" in Image.open(picture).text["parameters"]


def test_a_folder_that_cannot_be_written_is_found_before_the_work(common, photo, tmp_path):
    (tmp_path / "file").write_text("")
    for command in (
        [*common, "--photo", "missing.png", "--out", tmp_path / "file"],
        ["identity", "make", "missing.png", "--out", tmp_path / "file" / "anna.safetensors"],
        ["template", "--template", "missing.png", "--face", "1=keep", "--out", tmp_path / "file" / "o.png"],
    ):
        done = run(*command)
        assert done.returncode == 1
        assert "cannot be written" in done.stderr.splitlines()[-1]
