"""Thumbnails of styles: made once, skipped when there, and never in the way of each other."""

from __future__ import annotations

import pytest
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.job import Lora, Portrait
from facechain_ext.recipes.thumbnails import SIZE, keep_first_picture, make_thumbnails, thumbnail_path
from facechain_ext.styles import catalogue
from facechain_ext.weights import set_models_folder

STYLES = [catalogue()[key] for key in ("watercolour", "polaroid", "birthday")]


class Brush:
    """Paints one colour for a prompt; refuses what it is told to."""

    name = "brush"

    def __init__(self, refuse=""):
        self.jobs, self.refuse = [], refuse

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        if self.refuse and self.refuse in job.prompt:
            raise HostError("No memory is left; close other programs.")
        colour = tuple(hash(job.prompt) >> shift & 255 for shift in (0, 8, 16))
        return [Portrait(Image.new("RGB", (512, 512), colour), job.seed, "")]


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    set_models_folder(tmp_path / "models")
    yield
    set_models_folder(None)


def test_each_is_made_once(tmp_path):
    host = Brush()
    made, notes = make_thumbnails(host, STYLES, tmp_path)
    assert list(made) == [thumbnail_path(tmp_path, style) for style in STYLES]
    assert Image.open(made[0]).size == (SIZE, SIZE)
    assert notes == (f"Instant photo: made without its LoRA {STYLES[1].lora.file}.",)
    assert host.jobs[0].people == ()
    assert "child" in host.jobs[2].prompt
    assert make_thumbnails(host, STYLES, tmp_path) == ((), ())
    assert len(make_thumbnails(host, STYLES, tmp_path, again=True)[0]) == 3
    assert len(host.jobs) == 6


def test_the_lora_comes_along_where_it_is_there(tmp_path):
    (tmp_path / STYLES[1].lora.file).write_bytes(b"x")
    host = Brush()
    _, notes = make_thumbnails(host, [STYLES[1]], tmp_path / "out", lora_folders=[tmp_path])
    assert host.jobs[0].loras == (Lora(tmp_path / STYLES[1].lora.file, STYLES[1].lora.weight),)
    assert notes == ()


def test_one_that_fails_is_said_and_the_others_are_made(tmp_path):
    made, notes = make_thumbnails(Brush(refuse="watercolour"), STYLES, tmp_path)
    assert len(made) == 2
    assert notes[0] == "Watercolour: No memory is left; close other programs."


def test_it_can_be_stopped(tmp_path):
    made, notes = make_thumbnails(Brush(), STYLES, tmp_path, progress=lambda done, total, name: done < 1)
    assert len(made) == 1
    assert notes == ("Stopped after 1 of 3 thumbnails.",)
    assert sorted(p.suffix for p in tmp_path.iterdir() if p.is_file()) == [".webp"]


@pytest.mark.parametrize(
    ("side", "score", "kept"),
    [
        (512, Likeness(0.9, "ArcFace"), True),
        (512, Likeness(0.1, "ArcFace"), False),
        (512, None, False),
        (96, Likeness(0.9, "ArcFace"), False),
    ],
)
def test_the_first_good_picture_of_the_user_shows_a_style_and_stays(tmp_path, side, score, kept):
    made = keep_first_picture(STYLES[0], Image.new("RGB", (side, side * 2), "red"), score, tmp_path / "new")
    assert (made is not None) == kept
    if made is not None:
        assert Image.open(made).size == (256, 256)
        before = made.read_bytes()
        assert keep_first_picture(STYLES[0], Image.new("RGB", (512, 512), "blue"), score, tmp_path / "new") is None
        assert made.read_bytes() == before
