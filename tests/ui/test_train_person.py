"""The form of a person's training without a browser: photos, decisions, the command, refusals."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.training_runs.photos.decision import PhotoDecision, PreparationOptions, write_report
from facechain_ext.training_runs.pictures import read_table
from facechain_ext.ui.train.person_photos import add_photos, decisions_of
from facechain_ext.ui.train.person_request import (
    PersonForm,
    check_form,
    is_person,
    person_command,
    save_form,
    saved_form,
)
from facechain_ext.ui.train.request import SETTINGS
from tests.ui.fakes import FakeHost


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))


def prepare(form, files):
    """Add photos on a page whose host describes nothing; FACT's encoder is not there."""
    return add_photos(form, files, FakeHost(form.folder), None)


@pytest.fixture
def bag(tmp_path):
    """A thing with three photos, one of which is no picture."""
    rng = np.random.default_rng(0)
    for number in range(2):
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    files = [(tmp_path / name, name) for name in ("0.png", "1.png", "broken.png")]
    return PersonForm("My Bag", person=False, class_word="bag"), files


def test_photos_are_prepared_and_the_decisions_are_shown(bag):
    form, files = bag
    problems = prepare(form, files)
    assert ["broken.png" in problem for problem in problems] == [True]
    rows, squares = decisions_of(form)
    assert [row[:2] for row in rows] == [["0.png", "yes"], ["1.png", "yes"]]
    assert rows[0][2].startswith("ohwx bag")
    assert all(Path(path).is_file() for path, _ in squares)
    check_form(form, resume=False)
    assert is_person(form.folder)
    assert saved_form("my bag").class_word == "bag"
    with pytest.raises(InputError, match="nothing to go on with"):
        check_form(form, resume=True)


def test_what_cannot_be_trained_is_refused(bag):
    form, files = bag
    with pytest.raises(PhotoError, match="Add photos first"):
        check_form(form, resume=False)
    with pytest.raises(PhotoError, match="There are 0 photos"):
        prepare(form, [])
    with pytest.raises(PhotoError, match="Give the thing a name"):
        prepare(PersonForm(" ", person=False), files)
    form.folder.mkdir(parents=True, exist_ok=True)
    (form.folder / SETTINGS).write_text("{}")
    with pytest.raises(InputError, match="A style was trained under this name"):
        save_form(form)
    assert saved_form("nobody") is None


def test_the_command_is_one_of_the_command_line(bag, tmp_path):
    typer_testing = pytest.importorskip("typer.testing")
    from facechain_ext.cli.main import app

    form, files = bag
    prepare(form, files)
    person = PersonForm("Me", preset="EasyPhoto", background="blur", retouch=True, steps=20, size=96, validate=False,
                        rank=8, batch=3, half=True, checkpointing=True, reward=1.5)  # fmt: skip
    for one, kind in ((form, "thing"), (person, "person")):
        words = person_command(
            one, tmp_path / "m.safetensors", tmp_path / "python", loras=tmp_path, encoder=tmp_path / "e", resume=True
        )
        assert words[1:5] == ["-m", "facechain_ext", "train", kind]
        help_text = typer_testing.CliRunner().invoke(app, ["train", kind, "--help"], env={"COLUMNS": "250"}).output
        assert [word for word in words if word.startswith("--") and word not in help_text] == []
    assert "--card" in words
    text = " ".join(words)
    assert all(one in text for one in ("--rank 8", "--batch 3", "--precision bf16", "--checkpointing", "--reward 1.5"))
    assert "--resume" in words


@pytest.mark.parametrize("person", [True, False])
def test_what_a_training_was_begun_with_is_filled_in_when_it_is_named(person):
    pytest.importorskip("gradio")
    from facechain_ext.ui.train import person_layout

    more = {"steps": 30, "size": 96, "rank": 8, "batch": 3, "half": True, "checkpointing": True}
    reward = 1.5 if person else 0.0
    form = PersonForm("Some One", person=person, class_word="dog", preset="EasyPhoto", reward=reward, **more)
    form.folder.mkdir(parents=True)
    save_form(form)
    host = SimpleNamespace(checkpoint_files=dict)
    filled = person_layout._on_name(host, "Some One")
    assert filled[2:4] == ["dog", "EasyPhoto"]
    assert filled[6:] == [*more.values(), reward]
    assert len(person_layout._on_name(host, "Nobody")) == len(filled)


def test_words_that_the_user_wrote_stay(bag):
    form, files = bag
    prepare(form, files)
    table = form.pictures / "captions.csv"
    table.write_text(table.read_text().replace("ohwx bag, photo", "ohwx bag, mine", 1))
    prepare(form, [])
    assert read_table(form.pictures)[0].caption == "ohwx bag, mine"


@pytest.mark.parametrize(
    ("now", "photos", "said"),
    [
        ({}, 1, []),
        ({"background": "white"}, 1, ["What is behind the person: keep"]),
        ({"retouch": True, "views": False}, 1, ["Smooth the skin: no", "Make further views of a single photo: yes"]),
        ({"drawn": True}, 1, ["Let FACT draw further views of a single photo: no"]),
        ({"views": False, "drawn": True}, 2, []),  # there are views of a single photo only
    ],
)
def test_pressing_train_says_how_the_photos_were_prepared_where_the_form_says_otherwise(
    tmp_path, monkeypatch, now, photos, said
):
    pytest.importorskip("gradio")
    from facechain_ext.ui.train import person_layout, process

    form = PersonForm("Anna", checkpoint_name="m.safetensors", **now)
    form.pictures.mkdir(parents=True)
    decisions = [PhotoDecision(f"{n}.jpg", "", f"{n}.png", use=True) for n in range(photos)]
    view = PhotoDecision("0.jpg", "", "0--mirrored.png", use=True, view="mirrored")
    write_report(form.pictures, [*decisions, view], PreparationOptions())
    launched = []
    monkeypatch.setattr(process, "launch", lambda *values: launched.append(values[0]))
    monkeypatch.setattr(person_layout, "environment", lambda _python: Path("python"))
    host = FakeHost(tmp_path)
    host.checkpoint_files = lambda: {"m.safetensors": tmp_path / "m.safetensors"}
    host.training_python = lambda: None
    answer = person_layout._on_start(host, lambda _values: form, False, [], "")[0]
    assert launched == ["Anna"], "it is no refusal"
    assert [line for line in said if line not in answer] == []
    assert ("as they were prepared" in answer) == bool(said)
    assert answer.count(": ") == len(said)
