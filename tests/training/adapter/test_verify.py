"""Photos under one name that are of somebody else, names that are one person's, and a set that a training takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from facechain_ext import faces
from facechain_ext.cli.main import app
from facechain_ext.errors import PhotoError
from facechain_ext.training.adapter.dataset import PreparedPhotos
from facechain_ext.training.adapter.journal import read_journal
from facechain_ext.training.adapter.prepare import REPORT, prepare
from facechain_ext.training.adapter.run import TrainRequest, train
from facechain_ext.training.adapter.settings import Settings
from tests.training.adapter.test_prepare import DEMANDS, ONE, encoded, picture
from tests.training.conftest import BoxMasker, MarkDetector


class ByShade:
    """Takes faces of nearly the same red for one person's."""

    name, same = "shade", 0.5

    def embed(self, pixels, face):
        left, top, right, bottom = (int(edge) for edge in face.box)
        return np.array([np.median(pixels[top:bottom, left:right, 0])], np.float32)

    def similarity(self, one, other):
        return 1.0 - float(abs(one - other)[0]) / 20


def shaded(red, seed):
    pixels = picture(*ONE, seed=seed)
    pixels[pixels[..., 1] < 60] = (red, 20, 20)
    return encoded(pixels)


PHOTOS = {
    "ada/1.png": shaded(250, 0), "ada/2.png": shaded(248, 1), "ada/guest.png": shaded(225, 2),
    "ada of 1840/1.png": shaded(249, 3), "ada of 1840/2.png": shaded(251, 4),
    "bob/1.png": shaded(210, 5), "bob/2.png": shaded(212, 6),
}  # fmt: skip


@pytest.fixture
def people(tmp_path):
    for name, data in PHOTOS.items():
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "people" / "bob" / "1.txt").write_text("a photo of a person in a boat")
    return tmp_path / "people"


def prepared(people, out, **more):
    return prepare(people, out, detector=MarkDetector(), masker=BoxMasker(), requirements=DEMANDS, **more)


def test_other_peoples_photos_are_dropped_and_names_of_one_person_are_told(people, tmp_path):
    rows = {row.name: row for row in prepared(people, tmp_path / "set", embedder=ByShade())}
    assert [name for name, row in rows.items() if row.dropped] == ["ada/guest.png"]
    assert "someone else" in rows["ada/guest.png"].dropped
    assert {row.verified for row in rows.values()} == {"shade"}
    text = (tmp_path / "set" / REPORT).read_text()
    assert "ada and ada of 1840 look like one person" in text
    assert "bob look" not in text
    assert "| bob | 2 | 0.9" in text


def test_a_verified_set_is_read_again_as_it_was_left(people, tmp_path):
    first = prepared(people, tmp_path / "set", embedder=ByShade())
    assert read_journal(tmp_path / "set") == first
    assert prepared(people, tmp_path / "set", embedder=ByShade()) == first
    photos = PreparedPhotos(tmp_path / "set")
    assert (len(photos), photos.persons) == (6, 3)


def test_the_command_makes_a_verified_set_with_a_report(people, tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "detector", MarkDetector)
    monkeypatch.setattr(faces, "head_masker", BoxMasker)
    monkeypatch.setattr("facechain_ext.identity.face_embedders.face_embedders", lambda _encoder, _masker: [ByShade()])
    size, quality = str(DEMANDS.size), str(DEMANDS.quality)
    command = ["train", "adapter-data", str(people), "--out", str(tmp_path / "set"), "--size", size]
    done = CliRunner().invoke(app, [*command, "--quality", quality])
    assert done.exit_code == 0, done.output
    assert "6 of 7 photos of 3 persons" in done.output
    assert read_journal(tmp_path / "set") == prepared(people, tmp_path / "set", embedder=ByShade())
    plain = CliRunner().invoke(
        app, [*command[:4], str(tmp_path / "plain"), *command[5:], "--quality", quality, "--no-verify"]
    )
    assert "7 of 7 photos of 3 persons" in plain.output


def test_a_captioner_describes_what_has_no_text_beside_it(people, tmp_path):
    rows = prepared(people, tmp_path / "set", caption=lambda pixels: f"a square of {len(pixels)}")
    captions = {row.name: (row.caption, row.captioned) for row in rows}
    assert captions["bob/1.png"] == ("a photo of a person in a boat", True)
    assert captions["bob/2.png"] == (f"a square of {DEMANDS.size}", True)


def test_a_training_refuses_a_set_of_another_size_and_takes_one_of_another_quality(models, people, tmp_path):
    prepared(people, tmp_path / "set")
    request = TrainRequest(
        models.checkpoint, tmp_path / "set", tmp_path / "out", models.encoder, models.adapter, size=64, quality=0.9
    )
    few = Settings(steps=1, batch=1, save_every=1, preview_every=1, warm_up=1)
    with pytest.raises(PhotoError, match=r"was prepared with .*128.*, now .*64"):
        train(request, few)
    assert not (tmp_path / "out" / "run").exists()
    assert train(replace(request, size=DEMANDS.size), few).name == "adapter-000001.safetensors"


def test_a_damaged_file_is_named_and_no_photo_is_dropped_for_it(people, tmp_path):
    rows = prepared(people, tmp_path / "set")
    (tmp_path / "set" / f"{rows[0].key}-picture.png").write_bytes(b"x")
    with pytest.raises(PhotoError, match=r"-picture.png is gone or damaged"):
        prepared(people, tmp_path / "set", embedder=ByShade())
    assert [row.dropped for row in read_journal(tmp_path / "set")] == [""] * len(rows)


def test_photos_that_were_not_compared_have_no_likeness(people, tmp_path):
    prepared(people, tmp_path / "set", embedder=ByShade())
    for name in ("bob/3.png", "eve/1.png"):
        (people / name).parent.mkdir(exist_ok=True)
        (people / name).write_bytes(shaded(211, 7 + len(name)))
    prepared(people, tmp_path / "set")
    text = (tmp_path / "set" / REPORT).read_text()
    assert "| bob | 3 | 0.9" in text
    assert "0.00" not in text
    assert "| eve | 1 | not compared |" in text
