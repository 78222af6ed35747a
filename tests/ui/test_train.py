"""The Train page without a browser: pictures and captions, the command, and a process that is stopped."""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.styles import catalogue
from facechain_ext.training_runs.pictures import TABLE, Captioned, caption_table, read_table, write_table
from facechain_ext.training_runs.settings import STATE
from facechain_ext.ui.train import environment as environments
from facechain_ext.ui.train.captions import collect, keep, shown
from facechain_ext.ui.train.environment import HOW_POSIX, HOW_WINDOWS, environment
from facechain_ext.ui.train.process import check, command
from facechain_ext.ui.train.request import (
    SETTINGS,
    SavedSettings,
    TrainRequest,
    check_trigger,
    read_settings,
    saved_state,
    write_settings,
)
from facechain_ext.weights import set_models_folder


@pytest.fixture
def wish(tmp_path):
    set_models_folder(tmp_path / "models")
    yield TrainRequest("Ink drawing", "inkdraw", tmp_path / "model.safetensors")
    set_models_folder(None)


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for name in ("a tree.png", "../x.png", "a tree.png"):
        path = tmp_path / f"upload{len(paths)}.png"
        Image.new("RGB", (8, 8), (len(paths), 0, 0)).save(path)
        paths.append((path, name))
    return paths


def test_pictures_are_gathered_under_safe_names_and_nothing_is_overwritten(wish, pictures, tmp_path):
    rows, problems = collect(wish, pictures)
    assert (problems, [row.file for row in rows]) == ([], ["a-tree-2.png", "a-tree.png", "x.png"])
    assert rows[1] == Captioned("a-tree.png", use=True, caption="inkdraw, a tree")
    gone = Captioned("../gone.png", use=True, caption="x")
    write_table(wish.pictures, [*(Captioned(row.file, use=False, caption="mine") for row in rows), gone])
    other = tmp_path / "other.png"
    Image.new("RGB", (8, 8), "white").save(other)
    again, _ = collect(wish, [(other, "a tree.png")])
    assert [row.caption for row in again] == ["mine", "inkdraw, a tree", "mine", "mine"]
    assert read_table(wish.pictures) == again


def test_pictures_that_are_there_are_not_added_again(wish, pictures):
    first = collect(wish, pictures)
    assert collect(wish, [(path, f"new {name}") for path, name in pictures]) == first


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("words.png", b"no picture", "words.png is not a picture"),
        ("empty.jpg", b"", "empty.jpg is empty"),
        ("moving.gif", b"GIF89a", "moving.gif is a file that no style is learned from"),
    ],
)
def test_what_cannot_be_learned_from_is_left_out_and_named(wish, pictures, tmp_path, name, content, reason):
    spoiled = tmp_path / name
    spoiled.write_bytes(content)
    rows, problems = collect(wish, [(spoiled, f"../{name}"), *pictures])
    assert len(problems) == 1
    assert problems[0].startswith(reason)
    assert [row.file for row in rows] == ["a-tree-2.png", "a-tree.png", "x.png"]
    assert not list(wish.pictures.glob(f"{spoiled.stem}*"))


def test_a_spoiled_picture_in_the_folder_is_named_and_not_used(wish, pictures):
    wish.pictures.mkdir(parents=True)
    (wish.pictures / "words.png").write_bytes(b"no picture")
    rows, problems = collect(wish, pictures)
    assert [row.file for row in rows if not row.use] == ["words.png"]
    assert "words.png is not a picture" in problems[0]


def test_page_and_trainer_write_the_same_captions(wish, pictures):
    rows, _ = collect(wish, pictures)
    (wish.pictures / TABLE).unlink()
    assert caption_table(wish.pictures, wish.trigger) == rows


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([], [(True, "mine")] * 3),
        ([["", "", ""]], [(True, "mine")] * 3),  # the empty table of a page that was just opened
        ([[None, None, None]], [(True, "mine")] * 3),
        ([["x.png", "no", "theirs"]], [(True, "mine"), (True, "mine"), (False, "theirs")]),
        ([["x.png", "yes", float("nan")]], [(True, "mine"), (True, "mine"), (True, "")]),
        ([["../x.png", "no", "theirs"], ["other.png", "no", "theirs"]], [(True, "mine")] * 3),
    ],
)
def test_a_page_changes_only_the_captions_that_it_shows(wish, pictures, cells, expected):
    rows, _ = collect(wish, pictures)
    write_table(wish.pictures, [Captioned(row.file, use=True, caption="mine") for row in rows])
    keep(wish.name, cells)
    check(wish)
    assert [(row.use, row.caption) for row in shown("ink  DRAWING")] == expected


@pytest.mark.parametrize("name", ["", " ", "Another"])
def test_a_style_that_was_not_begun_shows_no_captions_and_keeps_none(wish, pictures, name):
    collect(wish, pictures)
    keep(name, [["x.png", "no", "theirs"]])
    assert shown(name) == []
    assert all(row.use for row in shown(wish.name))


def save_state(wish, step=20, **begun):
    """What a trainer leaves: the step and what it was begun with in the head of a safetensors file."""
    words = {"rank": wish.rank, "size": wish.size, "rate": wish.rate, "trigger": wish.trigger, **begun}
    wish.folder.mkdir(parents=True, exist_ok=True)
    save_file({"x": np.zeros(1)}, wish.folder / STATE, {"step": str(step), "identity": json.dumps(words)})


@pytest.mark.parametrize(
    ("begun", "resume", "message"),
    [
        (False, False, None),
        (True, True, None),
        (True, False, 'tick "Go on where it stopped"'),
        (False, True, "nothing to go on with"),
    ],
)
def test_going_on_is_asked_for_in_words_of_the_page(wish, pictures, begun, resume, message):
    wish = replace(wish, resume=resume)
    collect(wish, pictures)
    if begun:
        save_state(wish)
    with pytest.raises(HostError, match=message) if message else nullcontext():
        check(wish)


@pytest.mark.parametrize("kept", [True, False], ids=["settings kept", "an earlier release, its state alone"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 3000}, None),
        ({"rank": 8}, "rank 16, now 8"),
        ({"size": 256}, "training size 512, now 256"),
        ({"rate": 1e-3}, "learning rate 0.0001, now 0.001"),
        ({"trigger": "other"}, "trigger word inkdraw, now other"),
        ({"rank": 8, "trigger": "other"}, "trigger word inkdraw, now other; rank 16, now 8"),
    ],
)
def test_what_a_style_was_begun_with_does_not_change_without_a_word(wish, pictures, kept, change, message):
    collect(wish, pictures)
    save_state(wish)
    if kept:
        write_settings(wish)
    changed = replace(wish, resume=True, **change)
    with pytest.raises(HostError, match=message) if message else nullcontext():
        check(changed)


def test_settings_are_kept_with_the_style_and_read_by_any_spelling_of_its_name(wish):
    wish = replace(wish, steps=700, rate=3e-4, rank=4, size=256, checkpoint_name="sd15/model.safetensors")
    assert read_settings(wish) is None
    write_settings(wish)
    expected = SavedSettings("Ink drawing", "inkdraw", "sd15/model.safetensors", 700, 3e-4, 4, 256)
    assert read_settings(TrainRequest("ink  DRAWING", "", Path())) == expected


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": 3}', '{"name": "x", "trigger": "t", "steps": "many"}'])
def test_settings_that_are_damaged_are_read_from_the_state(wish, content):
    save_state(wish, step=70)
    (wish.folder / SETTINGS).write_text(content)
    assert read_settings(wish) == SavedSettings("Ink drawing", "inkdraw", "", 70, 1e-4, 16, 512)


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_damaged_state_is_named(wish, content):
    wish.folder.mkdir(parents=True)
    (wish.folder / STATE).write_bytes(content)
    with pytest.raises(HostError, match=r"style-state.safetensors is damaged.*another name"):
        saved_state(wish.folder)


@pytest.mark.parametrize(("trigger", "refused"), [("inkdraw", False), ("other", True), ("ink", False)])
def test_a_trigger_that_captions_do_not_have_is_refused(wish, pictures, trigger, refused):
    check_trigger(wish)
    collect(wish, pictures)
    message = '3 captions were written with the trigger word "inkdraw", and it is "other" now'
    with pytest.raises(HostError, match=message) if refused else nullcontext():
        check(replace(wish, trigger=trigger))


def test_pictures_are_added_under_the_trigger_that_a_style_was_begun_with(wish):
    check_trigger(wish)
    assert read_settings(wish).trigger == "inkdraw"
    other = replace(wish, trigger="other")
    check_trigger(other)  # nothing was learned yet
    assert read_settings(wish).trigger == "inkdraw"
    save_state(wish)
    check_trigger(wish)
    with pytest.raises(HostError, match='begun with the trigger word "inkdraw"'):
        check_trigger(other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": next(iter(catalogue()))}, "comes with the extension"),
        ({"name": "long " * 20}, "up to 60 characters"),
        ({"trigger": " "}, "needs a trigger word"),
        ({"trigger": "word " * 60}, "up to 200 characters"),
    ],
)
def test_what_could_not_become_a_style_is_refused_before_the_training(wish, pictures, change, message):
    wish = replace(wish, **change)
    collect(wish, pictures)
    with pytest.raises(FaceChainError, match=message):
        check(wish)


def test_the_state_that_is_looked_for_is_the_trainers():
    trainer = pytest.importorskip("facechain_ext.training.style.trainer", exc_type=ImportError)
    assert trainer.STATE == STATE


@pytest.mark.parametrize("uploads", [[], [("words.png", b"no picture")]])
def test_nothing_is_trained_without_pictures(wish, tmp_path, uploads):
    with pytest.raises(PhotoError, match="Add pictures first"):
        check(wish)
    for name, content in uploads:
        (tmp_path / name).write_bytes(content)
    assert collect(wish, [(tmp_path / name, name) for name, _ in uploads])[0] == []
    with pytest.raises(PhotoError, match="Add pictures first"):
        check(wish)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_style_needs_a_name(wish, name):
    with pytest.raises(FaceChainError, match="name"):
        collect(TrainRequest(name, "x", wish.checkpoint), [])


def test_the_command_is_the_one_of_the_command_line(wish, tmp_path):
    from typer.testing import CliRunner

    from facechain_ext.cli.main import app

    words = command(wish, tmp_path / "python")
    assert words[:4] == [str(tmp_path / "python"), "-m", "facechain_ext", "train"]
    help_text = CliRunner().invoke(app, ["train", "style", "--help"], env={"COLUMNS": "200"}).output
    assert all(word in help_text for word in words if word.startswith("--"))


def test_without_an_environment_it_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setenv(environments.PYTHON, str(tmp_path / "none"))
    with pytest.raises(HostError, match="python -m venv train-venv"):
        environment()
    with pytest.raises(HostError, match="python -m venv train-venv"):
        environment(tmp_path)  # what was named is meant
    monkeypatch.setenv(environments.PYTHON, sys.executable)
    assert environment().is_file()


def test_a_page_that_can_train_needs_no_environment_beside_it(monkeypatch, tmp_path):
    monkeypatch.delenv(environments.PYTHON, raising=False)
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    assert environment(tmp_path / "own") == tmp_path / "own"
    made = tmp_path / "train-venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made.parent.mkdir(parents=True)
    made.touch()
    assert environment(tmp_path / "own") == made


def test_how_to_make_the_environment_has_a_form_for_each_system():
    """Checked against where venv puts its programs: bin on POSIX, Scripts on Windows, whose shells know no && ."""
    assert "train-venv/bin/pip install" in HOW_POSIX
    assert "train-venv\\Scripts\\python -m pip install" in HOW_WINDOWS
    assert "&&" not in HOW_WINDOWS
    assert "bin/" not in HOW_WINDOWS
    assert HOW_WINDOWS.count('".[standalone,training]"') == HOW_POSIX.count('".[standalone,training]"') == 1
