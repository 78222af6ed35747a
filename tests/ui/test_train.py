"""The Train page without a browser: pictures and captions, the command, and a process that is stopped."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from facechain_ext.errors import FaceChainError, HostError, InputError, PhotoError
from facechain_ext.styles import catalogue
from facechain_ext.training_runs.pictures import TABLE, CaptionRow, caption_table, read_table, write_table
from facechain_ext.training_runs.settings import STATE
from facechain_ext.ui.train.captions import add_pictures, save_edited_captions, saved_captions
from facechain_ext.ui.train.process import check_request, command
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
def train_request(tmp_path):
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


def test_pictures_are_gathered_under_safe_names_and_nothing_is_overwritten(train_request, pictures, tmp_path):
    rows, problems = add_pictures(train_request, pictures)
    assert (problems, [row.file for row in rows]) == ([], ["a-tree-2.png", "a-tree.png", "x.png"])
    assert rows[1] == CaptionRow("a-tree.png", use=True, caption="inkdraw, a tree")
    gone = CaptionRow("../gone.png", use=True, caption="x")
    write_table(train_request.pictures, [*(CaptionRow(row.file, use=False, caption="mine") for row in rows), gone])
    other = tmp_path / "other.png"
    Image.new("RGB", (8, 8), "white").save(other)
    again, _ = add_pictures(train_request, [(other, "a tree.png")])
    assert [row.caption for row in again] == ["mine", "inkdraw, a tree", "mine", "mine"]
    assert read_table(train_request.pictures) == again


def test_pictures_that_are_there_are_not_added_again(train_request, pictures):
    first = add_pictures(train_request, pictures)
    assert add_pictures(train_request, [(path, f"new {name}") for path, name in pictures]) == first


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("words.png", b"no picture", "words.png is not a picture"),
        ("empty.jpg", b"", "empty.jpg is empty"),
        ("moving.gif", b"GIF89a", "moving.gif is a file that no style is learned from"),
    ],
)
def test_what_cannot_be_learned_from_is_left_out_and_named(train_request, pictures, tmp_path, name, content, reason):
    spoiled = tmp_path / name
    spoiled.write_bytes(content)
    rows, problems = add_pictures(train_request, [(spoiled, f"../{name}"), *pictures])
    assert len(problems) == 1
    assert problems[0].startswith(reason)
    assert [row.file for row in rows] == ["a-tree-2.png", "a-tree.png", "x.png"]
    assert not list(train_request.pictures.glob(f"{spoiled.stem}*"))


def test_a_spoiled_picture_in_the_folder_is_named_and_not_used(train_request, pictures):
    train_request.pictures.mkdir(parents=True)
    (train_request.pictures / "words.png").write_bytes(b"no picture")
    rows, problems = add_pictures(train_request, pictures)
    assert [row.file for row in rows if not row.use] == ["words.png"]
    assert "words.png is not a picture" in problems[0]


def test_page_and_trainer_write_the_same_captions(train_request, pictures):
    rows, _ = add_pictures(train_request, pictures)
    (train_request.pictures / TABLE).unlink()
    assert caption_table(train_request.pictures, train_request.trigger) == rows


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([], [(True, "mine")] * 3),
        ([["x.png", "no", "theirs"]], [(True, "mine"), (True, "mine"), (False, "theirs")]),
        ([["x.png", "yes", ""]], [(True, "mine"), (True, "mine"), (True, "")]),
        ([["../x.png", "no", "theirs"], ["other.png", "no", "theirs"]], [(True, "mine")] * 3),
    ],
)
def test_a_page_changes_only_the_captions_that_it_shows(train_request, pictures, cells, expected):
    rows, _ = add_pictures(train_request, pictures)
    write_table(train_request.pictures, [CaptionRow(row.file, use=True, caption="mine") for row in rows])
    save_edited_captions(train_request.name, cells)
    check_request(train_request)
    assert [(row.use, row.caption) for row in saved_captions("ink  DRAWING")] == expected


def test_a_table_of_another_encoding_is_named(train_request, pictures):
    add_pictures(train_request, pictures)
    table = train_request.pictures / TABLE
    table.write_bytes(table.read_text(encoding="utf-8").replace("yes", "是").encode("gbk"))
    with pytest.raises(PhotoError, match=r"captions\.csv is no table in UTF-8"):
        saved_captions(train_request.name)


@pytest.mark.parametrize("name", ["", " ", "Another"])
def test_a_style_that_was_not_begun_shows_no_captions_and_keeps_none(train_request, pictures, name):
    add_pictures(train_request, pictures)
    save_edited_captions(name, [["x.png", "no", "theirs"]])
    assert saved_captions(name) == []
    assert all(row.use for row in saved_captions(train_request.name))


def save_state(train_request, step=20, **begun):
    """What a trainer leaves: the step and what it was begun with in the head of a safetensors file."""
    words = {
        "rank": train_request.rank,
        "size": train_request.size,
        "rate": train_request.rate,
        "trigger": train_request.trigger,
        **begun,
    }
    train_request.folder.mkdir(parents=True, exist_ok=True)
    save_file({"x": np.zeros(1)}, train_request.folder / STATE, {"step": str(step), "identity": json.dumps(words)})


@pytest.mark.parametrize(
    ("begun", "resume", "message"),
    [
        (False, False, None),
        (True, True, None),
        (True, False, 'tick "Go on where it stopped"'),
        (False, True, "nothing to go on with"),
    ],
)
def test_going_on_is_asked_for_in_words_of_the_page(train_request, pictures, begun, resume, message):
    train_request = replace(train_request, resume=resume)
    add_pictures(train_request, pictures)
    if begun:
        save_state(train_request)
    with pytest.raises(InputError, match=message) if message else nullcontext():
        check_request(train_request)


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
def test_what_a_style_was_begun_with_does_not_change_without_a_word(train_request, pictures, kept, change, message):
    add_pictures(train_request, pictures)
    save_state(train_request)
    if kept:
        write_settings(train_request)
    changed = replace(train_request, resume=True, **change)
    with pytest.raises(InputError, match=message) if message else nullcontext():
        check_request(changed)


def test_settings_are_kept_with_the_style_and_read_by_any_spelling_of_its_name(train_request):
    train_request = replace(
        train_request, steps=700, rate=3e-4, rank=4, size=256, checkpoint_name="sd15/model.safetensors"
    )
    assert read_settings(train_request) is None
    write_settings(train_request)
    expected = SavedSettings("Ink drawing", "inkdraw", "sd15/model.safetensors", 700, 3e-4, 4, 256)
    assert read_settings(TrainRequest("ink  DRAWING", "", Path())) == expected


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": 3}', '{"name": "x", "trigger": "t", "steps": "many"}'])
def test_settings_that_are_damaged_are_read_from_the_state(train_request, content):
    save_state(train_request, step=70)
    (train_request.folder / SETTINGS).write_text(content)
    assert read_settings(train_request) == SavedSettings("Ink drawing", "inkdraw", "", 70, 1e-4, 16, 512)


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_damaged_state_is_named(train_request, content):
    train_request.folder.mkdir(parents=True)
    (train_request.folder / STATE).write_bytes(content)
    with pytest.raises(HostError, match=r"style-state.safetensors is damaged.*another name"):
        saved_state(train_request.folder)


@pytest.mark.parametrize(("trigger", "refused"), [("inkdraw", False), ("other", True), ("ink", False)])
def test_a_trigger_that_captions_do_not_have_is_refused(train_request, pictures, trigger, refused):
    check_trigger(train_request)
    add_pictures(train_request, pictures)
    message = '3 captions were written with the trigger word "inkdraw", and it is "other" now'
    with pytest.raises(InputError, match=message) if refused else nullcontext():
        check_request(replace(train_request, trigger=trigger))


def test_pictures_are_added_under_the_trigger_that_a_style_was_begun_with(train_request):
    check_trigger(train_request)
    assert read_settings(train_request).trigger == "inkdraw"
    other = replace(train_request, trigger="other")
    check_trigger(other)  # nothing was learned yet
    assert read_settings(train_request).trigger == "inkdraw"
    save_state(train_request)
    check_trigger(train_request)
    with pytest.raises(InputError, match='begun with the trigger word "inkdraw"'):
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
def test_what_could_not_become_a_style_is_refused_before_the_training(train_request, pictures, change, message):
    train_request = replace(train_request, **change)
    add_pictures(train_request, pictures)
    with pytest.raises(FaceChainError, match=message):
        check_request(train_request)


def test_the_state_that_is_looked_for_is_the_trainers():
    trainer = pytest.importorskip("facechain_ext.training.lora.trainer", exc_type=ImportError)
    assert trainer.STATE == STATE


@pytest.mark.parametrize("uploads", [[], [("words.png", b"no picture")]])
def test_nothing_is_trained_without_pictures(train_request, tmp_path, uploads):
    with pytest.raises(PhotoError, match="Add pictures first"):
        check_request(train_request)
    for name, content in uploads:
        (tmp_path / name).write_bytes(content)
    assert add_pictures(train_request, [(tmp_path / name, name) for name, _ in uploads])[0] == []
    with pytest.raises(PhotoError, match="Add pictures first"):
        check_request(train_request)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_style_needs_a_name(train_request, name):
    with pytest.raises(FaceChainError, match="name"):
        add_pictures(TrainRequest(name, "x", train_request.checkpoint), [])


def test_the_command_is_the_one_of_the_command_line(train_request, tmp_path):
    from typer.testing import CliRunner

    from facechain_ext.cli.main import app

    words = command(train_request, tmp_path / "python")
    assert words[:4] == [str(tmp_path / "python"), "-m", "facechain_ext", "train"]
    help_text = CliRunner().invoke(app, ["train", "style", "--help"], env={"COLUMNS": "200"}).output
    assert all(word in help_text for word in words if word.startswith("--"))
