"""facechain likeness as a user calls it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import PhotoError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    pytest.importorskip("dlib", reason="dlib is not installed here")
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(data.astronaut()).save(folder / "one.png")
    Image.fromarray(np.ascontiguousarray(data.astronaut()[:, ::-1])).save(folder / "mirror.png")
    Image.new("RGB", (200, 200), (90, 90, 90)).save(folder / "nobody.png")
    (folder / "text.png").write_text("no picture")
    return folder


def test_what_cannot_be_compared_is_named_and_the_rest_is_compared(pictures):
    names = ["one.png", "nobody.png", "text.png", "mirror.png"]
    done = CliRunner().invoke(app, ["likeness", "--json", *(str(pictures / name) for name in names)])
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout[done.stdout.index("[\n") :])
    assert (row["one"], row["other"], row["verdict"]) == ("one.png", "mirror.png", "same person")
    assert "nobody.png: no face" in done.output
    assert "text.png" in done.output
    table = CliRunner().invoke(app, ["likeness", str(pictures / "one.png"), str(pictures / "mirror.png")])
    assert "same person" in table.stdout


def test_a_picture_that_copies_its_photo_is_named(pictures):
    one, mirror = str(pictures / "one.png"), str(pictures / "mirror.png")
    done = CliRunner().invoke(app, ["likeness", one, str(pictures / "nobody.png"), "--photo", one, "--photo", mirror])
    assert done.exit_code == 0, done.output
    assert "one.png: 0.00 to the photo put in" in done.stdout
    assert "copied" in done.stdout
    assert "nobody.png: No face was found" in done.output
    alone = CliRunner().invoke(app, ["likeness", mirror, "--photo", one])
    assert isinstance(alone.exception, PhotoError)


def test_one_face_is_nothing_to_compare(pictures):
    done = CliRunner().invoke(app, ["likeness", str(pictures / "one.png")])
    assert isinstance(done.exception, PhotoError)
    assert "two faces" in str(done.exception)
