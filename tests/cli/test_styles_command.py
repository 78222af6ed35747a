"""facechain styles, run as a user runs it."""

from __future__ import annotations

import pytest
from PIL import Image
from typer.testing import CliRunner

from facechain_ext.cli import styles as command
from facechain_ext.demo import tiny_models
from facechain_ext.styles import set_favourite
from facechain_ext.weights import set_models_folder


@pytest.fixture(name="run")
def _run(tmp_path, monkeypatch):
    monkeypatch.setattr(command.console, "_width", 200)
    set_models_folder(tmp_path)

    def run(*arguments, code=0):
        result = CliRunner().invoke(command.app, arguments)
        assert result.exit_code == code, result.output
        return result.output

    yield run
    set_models_folder(None)


def test_list(run, tmp_path):
    assert "184 styles" in run("list")
    found = run("list", "婚")
    assert "wedding-garden" in found
    assert "tuxedo" not in found
    assert "birthday" in run("list", "--for", "child", "--tag", "family")
    assert "must be one of" in run("list", "--for", "dog", code=2)
    set_favourite("polaroid", on=True)
    assert "★" in run("list", "instant")
    (tmp_path / "styles" / "broken.toml").write_text("[", encoding="utf-8")
    assert "broken.toml" in run("list", "instant")


def test_show(run):
    shown = run("show", "polaroid")
    assert "Instant photo, 拍立得" in shown
    assert "YorickHe/polaroid_lora@v1.0.0" in shown
    assert "facechain styles list" in run("show", "no-such", code=2)


def test_thumbnails(run, tmp_path):
    """With the real host on a small model: what is drawn means nothing, that it is drawn and kept does."""
    model = tiny_models(tmp_path / "small").checkpoint
    arguments = ("thumbnails", "wedding", "--tag", "flowers", "--steps", "1", "--size", "64", "--model", str(model))
    assert "2 made" in run(*arguments)
    folder = tmp_path / "styles" / "thumbnails"
    assert {p.name for p in folder.iterdir()} == {"wedding-garden.webp", "wedding-film.webp"}
    assert Image.open(folder / "wedding-film.webp").size == (256, 256)
    assert "0 made" in run(*arguments)


def test_thumbnails_with_a_model_that_is_none(run, tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"no")
    assert "x.safetensors" in run("thumbnails", "wedding", "--model", str(tmp_path / "x.safetensors"), code=1)
