"""facechain redraw and facechain garment with tiny models: what they write, and what they refuse before that."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import FaceChainError

ASTRONAUT = data.astronaut()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    Image.fromarray(ASTRONAUT[:, ::-1]).save(tmp_path / "guest.png")
    Image.fromarray(ASTRONAUT).save(tmp_path / "photo.png", icc_profile=b"profile")
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(tmp_path / "empty.png")
    mask = np.zeros(ASTRONAUT.shape[:2], np.uint8)
    mask[300:500, 130:400] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command, models, *arguments):
    files = ["--checkpoint", models.checkpoint, "--adapter", models.adapter, "--encoder", models.encoder]
    return CliRunner().invoke(app, [command, *arguments, *map(str, files), "--out", "out.png"])


def test_a_photo_is_drawn_anew_with_its_own_person(folder, models):
    result = run("redraw", models, "photo.png", "--as", "3d", "--steps", "2", "--prompt", "an astronaut",
                 "--enlarge", "256", "--method", "fact")  # fmt: skip
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "No face was found in the drawing, so its likeness is not judged" in output, "random models draw none"
    made = Image.open(folder / "out.png")
    assert made.size == (256, 256)
    assert made.info["icc_profile"] == b"profile"
    text = made.text["parameters"]
    assert "FaceChain recipe: redraw" in text
    assert "FaceChain drawn as: 3d" in text
    assert "FaceChain enlarged to: 256" in text
    assert "an astronaut, 3d animated film character" in text
    assert "FaceChain identity: " in text


def test_a_garment_is_kept_and_the_rest_is_new(folder, models):
    quick = ["--steps", "2", "--face-denoise", "0.5", "--mark", "mark.png", "--enlarge", "512"]
    result = run("garment", models, "photo.png", "--person", "guest.png", "--mask", "mask.png", *quick)
    assert result.exit_code == 0, result.output
    made, mask = np.asarray(Image.open(folder / "out.png")), np.asarray(Image.open(folder / "mask.png")) > 0
    assert np.array_equal(made[mask], ASTRONAUT[mask])
    assert (made[~mask] != ASTRONAUT[~mask]).any(-1).mean() > 0.9
    assert np.array_equal(np.asarray(Image.open(folder / "mark.png")) > 0, mask)
    assert "FaceChain recipe: garment" in Image.open(folder / "out.png").text["parameters"]


def test_points_mark_a_garment(folder, models):
    points = ["--point", "0.5,0.8", "--not-point", "0.05,0.05", "--mark", "mark.png"]
    result = run(
        "garment", models, "photo.png", "--person", "guest.png", *points, "--steps", "1", "--face-denoise", "0"
    )
    assert result.exit_code == 0, result.output
    mask = np.asarray(Image.open(folder / "mark.png")) > 0
    assert 0.01 < mask.mean() < 0.9
    assert np.array_equal(np.asarray(Image.open(folder / "out.png"))[mask], ASTRONAUT[mask])


BAD = {
    "an unknown look": ("redraw", ["photo.png", "--as", "velvet"], "draws no 'velvet'"),
    "no face": ("redraw", ["empty.png"], "No face was found in empty.png"),
    "no mark": ("garment", ["photo.png", "--person", "guest.png"], "by --mask or by --point"),
    "two marks": (
        "garment", ["photo.png", "--person", "guest.png", "--mask", "mask.png", "--point", "0.5,0.5"], "one of the two",
    ),
    "no point": ("garment", ["photo.png", "--person", "guest.png", "--point", "middle"], "A point is X,Y"),
    "a mask of another size": (
        "garment", ["photo.png", "--person", "guest.png", "--mask", "empty.png"], "empty.png is 200x200 and the photo",
    ),
    "a person without a face": ("garment", ["photo.png", "--person", "empty.png", "--mask", "mask.png"], "No face"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_named_before_anything_is_written(folder, models, case):
    command, arguments, message = BAD[case]
    result = run(command, models, *arguments)
    assert result.exit_code != 0
    said = str(result.exception) if isinstance(result.exception, FaceChainError) else result.output
    assert message in " ".join(said.replace("│", " ").split())
    assert not (folder / "out.png").exists()
