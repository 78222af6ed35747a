"""facechain template: what it writes, and that bad orders write nothing and leave the template alone."""

from __future__ import annotations

import io
import os
import signal

import numpy as np
import pytest
from PIL import Image
from rich.progress import Progress
from skimage import data
from typer.testing import CliRunner

from facechain_ext.cli import template as command
from facechain_ext.cli.main import app
from facechain_ext.errors import FaceChainError
from facechain_ext.recipes.job import Portrait

ASTRONAUT = data.astronaut()
HEAD = ASTRONAUT[:230, 110:340]


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()


def animated():
    file = io.BytesIO()
    frames = [Image.fromarray(HEAD), Image.fromarray(HEAD[:, ::-1])]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


PAIR = png(np.concatenate([HEAD, HEAD[:, ::-1]], 1))
BAD = {
    "no face in the template": (png(np.full((300, 300, 3), 90, np.uint8)), ["1=guest.png"], "No face was found"),
    "more identities than faces": (PAIR, ["1=guest.png", "2=guest.png", "3=guest.png"], "no face number 3.*2 faces"),
    "the same number twice": (PAIR, ["1=guest.png", "1=keep"], "Face 1 is named twice"),
    "the person's own photo": (png(ASTRONAUT[:, ::-1]), ["1=guest.png"], "own photo"),
    "an animated GIF": (animated(), ["1=guest.png"], "animated"),
    "one pixel": (png(np.zeros((1, 1, 3), np.uint8)), ["1=guest.png"], "1x1"),
    "no picture": (b"hello", ["1=guest.png"], "picture"),
    "a face number nought": (PAIR, ["0=guest.png"], "no face number 0"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "guest.png").write_bytes(png(ASTRONAUT[:, ::-1]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(faces, *more):
    orders = [part for face in faces for part in ("--face", face)]
    arguments = ["template", "--template", "template.png", *orders, "--out", "out.png", *more]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("case", BAD)
def test_bad_request_is_named_and_writes_nothing(folder, case):
    content, faces, message = BAD[case]
    (folder / "template.png").write_bytes(content)
    result = run(faces)
    with pytest.raises(FaceChainError, match=message):
        raise result.exception
    assert sorted(path.name for path in folder.iterdir()) == ["guest.png", "template.png"]
    assert (folder / "template.png").read_bytes() == content


def test_people_are_put_in_and_the_numbers_shown(folder):
    (folder / "template.png").write_bytes(PAIR)
    result = run(["1=guest.png", "2=pixelate"], "--numbers", "numbers.png", "--retouch")
    assert result.exit_code == 0, result.output
    before, after = (np.asarray(Image.open(folder / name)) for name in ("template.png", "out.png"))
    changed = (before != after).any(-1)
    assert changed[:, :230].any()
    assert changed[:, 230:].any()
    assert 0.02 < changed.mean() < 0.5
    assert Image.open(folder / "numbers.png").size == (460, 230)


def test_the_numbered_picture_is_there_before_somebody_is_missing(folder):
    (folder / "template.png").write_bytes(PAIR)
    result = run(["1=gone.safetensors"], "--numbers", "numbers.png")
    assert isinstance(result.exception, FaceChainError)
    assert Image.open(folder / "numbers.png").size == (460, 230)
    assert not (folder / "out.png").exists()


class DrawingHost:
    """Draws two heads for every job."""

    def __init__(self):
        self.jobs = []

    def generate(self, job, *, progress=None):
        self.jobs.append(job)
        return [Portrait(Image.open(io.BytesIO(PAIR)), job.seed, "words")]


def test_people_are_put_into_a_picture_that_is_drawn_from_words(folder, models, monkeypatch):
    drawing_host = DrawingHost()
    monkeypatch.setattr(command, "load_bare_host", lambda _checkpoint, _nets: drawing_host)
    orders = ["--words", "two pilots", "--checkpoint", str(models.checkpoint), "--size", "64x96", "--seed", "7"]
    result = CliRunner().invoke(
        app, ["template", *orders, "--face", "2=guest.png", "--out", "out.png", "--numbers", "numbers.png"]
    )
    assert result.exit_code == 0, result.output
    (job,) = drawing_host.jobs
    assert (job.prompt, job.width, job.height, job.seed) == ("two pilots", 64, 96, 7)
    before, after = np.asarray(Image.open(io.BytesIO(PAIR))), np.asarray(Image.open(folder / "out.png"))
    changed = (before != after).any(-1)
    assert changed[:, 230:].mean() > 0.02
    assert changed[:200, :200].mean() < 0.001
    assert Image.open(folder / "numbers.png").size == (460, 230)
    assert "FaceChain scene: two pilots" in Image.open(folder / "out.png").text["parameters"]


def test_a_template_is_painted_by_small_models(folder, models):
    (folder / "template.png").write_bytes(PAIR)
    files = ["--checkpoint", models.checkpoint, "--adapter", models.adapter, "--encoder", models.encoder]
    quick = ["--quality", "standard", "--steps", "1", "--count", "2", "--hair", "--growth", "0.1"]
    result = run(["2=guest.png"], *map(str, files), *quick)
    assert result.exit_code == 0, result.output
    assert "the most like of 2" in result.output
    before, after = (np.asarray(Image.open(folder / name)) for name in ("template.png", "out.png"))
    assert np.array_equal(before[:, :200], after[:, :200])
    assert not np.array_equal(before, after)


@pytest.mark.parametrize(("finished", "code"), [(1, 130), (0, 1)])
def test_an_interrupt_keeps_the_faces_that_are_finished(folder, monkeypatch, finished, code):
    (folder / "template.png").write_bytes(PAIR)
    pressed = []

    def press_once(_bar, _task, *, completed, total):
        if completed >= finished and not pressed:
            pressed.append(total)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "update", press_once)
    result = run(["1=guest.png", "2=guest.png"])
    assert result.exit_code == code
    if not finished:
        assert "nothing is kept" in str(result.exception)
        assert not (folder / "out.png").exists()
        return
    assert "face 2 is left as it was" in result.output
    before, after = (np.asarray(Image.open(folder / name)) for name in ("template.png", "out.png"))
    assert (before != after).any(-1)[:, :230].any()
    assert np.array_equal(before[:, 230:], after[:, 230:])
