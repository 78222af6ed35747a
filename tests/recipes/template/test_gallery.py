"""The user's folder of templates: what comes in, under which name, and that nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import FaceChainError
from facechain_ext.recipes.template import TemplateGallery


@pytest.fixture
def gallery(tmp_path):
    return TemplateGallery(tmp_path / "templates")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "Party.png"
    Image.new("RGB", (200, 300), "red").save(path)
    return path


def test_a_template_is_kept_byte_for_byte_and_found_by_its_name(gallery, picture):
    assert gallery.names() == []
    assert gallery.add(picture) == "Party.png"
    assert gallery.add(picture) == "Party 2.png"
    assert gallery.add(picture, "a.png") == "a.png"
    assert gallery.names() == ["a.png", "Party 2.png", "Party.png"]
    assert gallery.path("Party.png").read_bytes() == picture.read_bytes()
    assert gallery.thumbnail("Party.png").shape == (160, 107, 3)


def test_deleting_removes_the_file_and_nothing_else(gallery, picture):
    gallery.add(picture)
    gallery.add(picture)
    gallery.delete("Party.png")
    assert gallery.names() == ["Party 2.png"]
    with pytest.raises(FaceChainError, match="no template called Party"):
        gallery.delete("Party.png")


@pytest.mark.parametrize("name", ["../x.png", "a/b.png", ".hidden.png", "CON.png", "x.exe", ""])
def test_names_that_cannot_be_files_are_refused(gallery, picture, name):
    if name:
        with pytest.raises(FaceChainError):
            gallery.add(picture, name)
    with pytest.raises(FaceChainError):
        gallery.path(name)
    assert gallery.names() == []


def test_what_is_no_template_is_refused_and_leaves_nothing(gallery, tmp_path):
    (tmp_path / "notes.png").write_text("hello")
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(tmp_path / "dot.png")
    for name, message in (("notes.png", "picture"), ("dot.png", "1x1")):
        with pytest.raises(FaceChainError, match=message):
            gallery.add(tmp_path / name)
    assert not gallery.folder.exists()
