"""The options of ``facechain portrait``: the ranges of the one table, and settings of methods by ``--setting``."""

from __future__ import annotations

from inspect import signature
from typing import get_args

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from facechain_ext.cli import portrait as command
from facechain_ext.cli.main import app
from facechain_ext.cli.portrait import portrait
from facechain_ext.errors import InputError
from facechain_ext.methods import registry
from facechain_ext.recipes.job import Hires
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.recipes.readiness import DrawingDefaults
from facechain_ext.recipes.style_settings import FULL_BODY_WORDS
from tests.methods.second_method import Shift

ROWS = {
    "strength": "strength",
    "count": "count",
    "steps": "steps",
    "cfg": "cfg",
    "pose_weight": "pose_weight",
    "hires": "hires_scale",
    "hires_denoise": "hires_denoise",
}
"""Option -> the row of the table that it sets."""


@pytest.mark.parametrize("name", ROWS)
def test_option_has_the_range_of_its_row(name):
    annotation = signature(portrait, eval_str=True).parameters[name].annotation
    option = next(part for part in get_args(annotation) if isinstance(part, typer.models.OptionInfo))
    row = portrait_setting(ROWS[name])
    assert (option.min, option.max) == (row.low, row.high)


@pytest.fixture
def method(monkeypatch):
    """A method with settings of its own, the only one that is there."""
    shift = Shift()
    monkeypatch.setattr(registry, "_methods", [shift])
    return shift


def run(models, photo, out, *arguments):
    """``facechain portrait`` in this process, where the method above is registered."""
    asked = [
        "portrait", "--checkpoint", models.checkpoint, "--adapter", models.adapter, "--encoder", models.encoder,
        "--prompt", "a woman", "--steps", "1", "--size", "64x64", "--photo", photo, "--out", out, *arguments,
    ]  # fmt: skip
    return CliRunner().invoke(app, [*map(str, asked)])


def test_setting_reaches_the_method_and_the_infotext(method, models, photo, tmp_path):
    done = run(models, photo, tmp_path, "--setting", "shift_gain=0.75", "--setting", "shift_note=a=b")
    assert done.exit_code == 0, done.output
    (_, settings) = method.prepared[-1]
    assert settings == {"shift_gain": 0.75, "shift_note": "a=b"}
    (picture,) = tmp_path.glob("*.png")
    assert "FaceChain shift gain: 0.75" in Image.open(picture).text["parameters"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shift_gain=9", "shift_gain is a number from 0 to 1"),
        ("gain=1", "no setting 'gain' .*it knows shift_gain, shift_note"),
    ],
)
def test_setting_that_cannot_be_used_is_refused_before_anything_is_loaded(method, photo, tmp_path, text, message):
    done = CliRunner().invoke(
        app, ["portrait", "--checkpoint", "none", "--prompt", "x", "--photo", str(photo), "--setting", text]
    )
    assert isinstance(done.exception, InputError)
    assert done.exception.args
    with pytest.raises(InputError, match=message):
        raise done.exception


@pytest.mark.parametrize(
    ("options", "hires"),
    [
        ([], Hires(1.5, 0.4)),
        (["--hires-denoise", "0.3"], Hires(1.5, 0.3)),
        (["--hires", "2"], Hires(2.0, portrait_setting("hires_denoise").default)),
        (["--hires", "2", "--hires-denoise", "0.3"], Hires(2.0, 0.3)),
    ],
)
def test_a_full_body_takes_its_second_pass_unless_numbers_are_given(
    models, photo, tmp_path, monkeypatch, options, hires
):
    jobs = []
    monkeypatch.setattr(command, "drawing_defaults", lambda _checkpoint: DrawingDefaults())
    monkeypatch.setattr(command, "generate_and_save", lambda _host, job, *_, **_more: jobs.append(job) or True)
    done = run(models, photo, tmp_path, "--full-body", *options)
    assert done.exit_code == 0, done.output
    assert [job.hires for job in jobs] == [hires]


def test_the_help_names_the_denoising_of_a_second_pass():
    found = CliRunner().invoke(app, ["portrait", "--help"], env={"COLUMNS": "300"}).output
    (line,) = (line for line in found.splitlines() if "--hires-denoise" in line)
    assert f"{portrait_setting('hires_denoise').default:g}" in line.split("default")[1]


def test_a_full_body_is_drawn_with_its_words_and_says_that_faces_are_repaired(models, photo, tmp_path):
    done = run(models, photo, tmp_path, "--full-body")
    assert done.exit_code == 0, done.output
    (picture,) = tmp_path.glob("*.png")
    text = Image.open(picture).text["parameters"]
    assert FULL_BODY_WORDS in text
    assert "FaceChain repair faces: True" in text
