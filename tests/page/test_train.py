"""The Train page without a browser: pictures and captions, the command, and a process that is stopped."""

from __future__ import annotations

import os
import sys

import pytest
from PIL import Image

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.page.train import process
from facechain_ext.page.train.process import Training, Wish, collect, command, environment, read_table
from facechain_ext.weights import set_models_folder


@pytest.fixture
def wish(tmp_path):
    set_models_folder(tmp_path / "models")
    yield Wish("Ink drawing", "inkdraw", tmp_path / "model.safetensors")
    set_models_folder(None)


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for name in ("a tree.png", "../x.png", "a tree.png"):
        path = tmp_path / f"upload{len(paths)}.png"
        Image.new("RGB", (8, 8), "white").save(path)
        paths.append((path, name))
    return paths


def test_pictures_are_gathered_under_safe_names_and_nothing_is_overwritten(wish, pictures):
    rows = collect(wish, pictures)
    assert [row[0] for row in rows] == ["a-tree-2.png", "a-tree.png", "x.png"]
    assert rows[1] == ["a-tree.png", "yes", "inkdraw, a tree"]
    edited = [[file, "no", "mine"] for file, _, _ in rows] + [["../gone.png", "yes", "x"]]
    process.write_table(wish.folder / "pictures", edited)
    again = collect(wish, pictures[:1])
    assert [row[2] for row in again] == ["mine", "inkdraw, a tree 3", "mine", "mine"]
    assert len(read_table(wish.folder / "pictures")) == 4


@pytest.mark.parametrize("name", ["", "  "])
def test_a_style_needs_a_name(wish, name):
    with pytest.raises(FaceChainError, match="name"):
        collect(Wish(name, "x", wish.checkpoint), [])


def test_the_command_is_the_one_of_the_command_line(wish, tmp_path):
    from typer.testing import CliRunner

    from facechain_ext.standalone.cli import app

    words = command(wish, tmp_path / "python")
    assert words[:4] == [str(tmp_path / "python"), "-m", "facechain_ext", "train"]
    help_text = CliRunner().invoke(app, ["train", "style", "--help"], env={"COLUMNS": "200"}).output
    assert all(word in help_text for word in words if word.startswith("--"))


def test_without_an_environment_it_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setenv(process.PYTHON, str(tmp_path / "none"))
    with pytest.raises(HostError, match="python -m venv train-venv"):
        environment()
    with pytest.raises(HostError, match="python -m venv train-venv"):
        environment(tmp_path)  # what was named is meant
    monkeypatch.setenv(process.PYTHON, sys.executable)
    assert environment().is_file()


def test_a_page_that_can_train_needs_no_environment_beside_it(monkeypatch, tmp_path):
    monkeypatch.delenv(process.PYTHON, raising=False)
    monkeypatch.setattr(process, "ROOT", tmp_path)
    assert environment(tmp_path / "own") == tmp_path / "own"
    made = tmp_path / "train-venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made.parent.mkdir(parents=True)
    made.touch()
    assert environment(tmp_path / "own") == made


def test_a_process_that_fails_ends_with_its_last_words(wish):
    events = list(Training(wish, environment_of_tests()).events())
    assert events[-1]["event"] == "ended"
    assert events[-1]["code"] != 0
    assert events[-1]["words"]


def environment_of_tests():
    from pathlib import Path

    return Path(sys.executable)
