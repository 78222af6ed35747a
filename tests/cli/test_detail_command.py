"""facechain detail: each matched face is painted, the rest stays, and one bad picture does not stop the others."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import FaceChainError

ASTRONAUT = data.astronaut()
HEAD = ASTRONAUT[:230, 110:340]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    Image.fromarray(ASTRONAUT[:, ::-1]).save(tmp_path / "guest.png")
    Image.fromarray(HEAD).save(tmp_path / "one.png")
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(tmp_path / "empty.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(models, *arguments):
    files = ["--checkpoint", models.checkpoint, "--adapter", models.adapter, "--encoder", models.encoder]
    return CliRunner().invoke(app, ["detail", *arguments, *map(str, files), "--out", "done"])


def test_a_picture_without_a_face_is_named_and_the_next_is_repaired(folder, models):
    result = run(models, "empty.png", "one.png", "--person", "guest.png", "--steps", "2", "--denoise", "0.5")
    assert result.exit_code == 1, result.output
    output = " ".join(result.output.split())
    assert "empty.png is left as it is: No face was found in empty.png" in output
    assert "Face 1 is painted as person 1, by the order from the left." in output
    assert [path.name for path in (folder / "done").iterdir()] == ["one.png"]
    made = Image.open(folder / "done" / "one.png")
    changed = (np.asarray(made) != HEAD).any(-1)
    assert 0.02 < changed.mean() < 0.5
    assert "FaceChain recipe: template" in made.text["parameters"]
    assert np.array_equal(np.asarray(Image.open(folder / "one.png")), HEAD)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one.png", "--person", "missing.png"], "missing.png"),
        (["one.png", "--person", "empty.png"], "No face"),
        (["one.png", "sub/one.png", "--person", "guest.png"], "Two pictures are called one"),
    ],
)
def test_a_bad_request_is_named_before_anything_is_written(folder, models, arguments, message):
    result = run(models, *arguments)
    assert result.exit_code != 0
    said = str(result.exception) if isinstance(result.exception, FaceChainError) else result.output
    assert message in " ".join(said.split())
    assert not list(folder.glob("done/*"))


def test_a_picture_that_is_there_already_is_not_overwritten(folder, models):
    (folder / "done").mkdir()
    (folder / "done" / "one.png").write_bytes(b"mine")
    result = run(models, "one.png", "--person", "guest.png")
    assert "is not overwritten" in str(result.exception)
    assert (folder / "done" / "one.png").read_bytes() == b"mine"
