"""Presets and uploads: names and paths that come from a page."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from facechain_ext.errors import FaceChainError, InputError, PhotoError
from facechain_ext.ui.portrait import presets
from facechain_ext.ui.portrait.form import DEFAULTS
from facechain_ext.ui.uploads import uploaded_path
from facechain_ext.weights import set_models_folder


@pytest.fixture(autouse=True)
def models(tmp_path):
    set_models_folder(tmp_path / "models")
    yield
    set_models_folder(None)


@pytest.mark.parametrize("name", ["beach", "海边", "😀", "a" * 200])
def test_a_preset_comes_back_under_any_safe_name(name):
    presets.save(f" {name} ", {**DEFAULTS, "steps": 7})
    assert presets.names() == [name]
    assert presets.load(name)["steps"] == 7
    presets.delete(name)
    assert presets.names() == []


@pytest.mark.parametrize("name", ["../x", "CON", "a" * 300, "", ".x", "a/b\\c", "a/b"])
def test_unsafe_names_are_refused_and_nothing_is_written(name, tmp_path):
    for act in (lambda: presets.save(name, DEFAULTS), lambda: presets.load(name), lambda: presets.delete(name)):
        with pytest.raises(FaceChainError):
            act()
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"steps": "many"}', '{"unknown": 1}'])
def test_a_damaged_preset_says_so(content):
    presets.save("x", DEFAULTS)
    (presets.folder() / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        presets.load("x")


def test_a_preset_that_is_not_there():
    for act in (presets.load, presets.delete):
        with pytest.raises(InputError, match="no preset called beach"):
            act("beach")


def test_only_uploads_are_read(tmp_path, monkeypatch):
    folder, other = tmp_path / "uploads", tmp_path / "other"
    for place in (folder, other):
        place.mkdir()
        (place / "a.png").write_bytes(b"x")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    assert uploaded_path(str(folder / "a.png")) == folder / "a.png"
    assert uploaded_path(SimpleNamespace(name=str(folder / "a.png"))) == folder / "a.png"
    assert uploaded_path(str(other / "a.png"), [other]) == other / "a.png"
    (folder / "link.png").symlink_to(other / "a.png")
    for bad in (
        other / "a.png",
        folder / ".." / "other" / "a.png",
        folder / "none.png",
        folder,
        folder / "link.png",
        "",
    ):
        with pytest.raises(PhotoError, match="Only uploaded"):
            uploaded_path(str(bad))
