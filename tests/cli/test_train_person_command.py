"""facechain train person and thing as a user calls them."""

from __future__ import annotations

import pytest
from PIL import Image
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import WeightsError


@pytest.mark.parametrize("words", [("person",), ("thing", "--class-word", "bag")], ids=["person", "thing"])
def test_a_checkpoint_that_is_not_there_is_told_before_any_photo_is_prepared(words, tmp_path, monkeypatch):
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))
    photo, work = tmp_path / "photo.png", tmp_path / "work"
    Image.new("RGB", (200, 200), (90, 90, 90)).save(photo)
    what, *options = words
    checkpoint = tmp_path / "none.safetensors"
    given = ["--checkpoint", str(checkpoint), "--name", "One", "--work", str(work), *options]
    done = CliRunner().invoke(app, ["train", what, str(photo), *given])
    assert isinstance(done.exception, WeightsError)
    assert f"There is no file {checkpoint}" in str(done.exception)
    assert not (work / "pictures").exists()
