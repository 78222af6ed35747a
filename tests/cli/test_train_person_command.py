"""facechain train person and thing as a user calls them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import InputError, WeightsError


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


@pytest.mark.parametrize("words", [("person",), ("thing", "--class-word", "bag")], ids=["person", "thing"])
@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--precision", "fp16"), "There is no precision fp16; use no or bf16."),
        (("--preset", "mine"), "There is no preset mine"),
        (("--rate", "0"), "The learning rate and alpha are above 0."),
        (("--size", "100"), "use a multiple of 32"),
    ],
    ids=["precision", "preset", "rate", "size"],
)
def test_a_wrong_setting_is_told_before_any_photo_is_prepared(words, option, told, tmp_path, monkeypatch):
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "400")  # the sentence is not broken over lines
    photo, work, checkpoint = tmp_path / "photo.png", tmp_path / "work", tmp_path / "sd15.safetensors"
    Image.new("RGB", (200, 200), (90, 90, 90)).save(photo)
    save_file({"model.diffusion_model.out.2.bias": np.zeros(4, np.float32)}, checkpoint)
    what, *options = words
    given = ["--checkpoint", str(checkpoint), "--name", "One", "--work", str(work), *options, *option]
    done = CliRunner().invoke(app, ["train", what, str(photo), *given])
    assert isinstance(done.exception, SystemExit | InputError)  # no traceback of a ValueError
    assert told in f"{done.output} {done.exception}"
    assert not (work / "pictures").exists()
