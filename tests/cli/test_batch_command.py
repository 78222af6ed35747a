"""facechain batch with tiny models: from a table to pictures, a second run, and what is refused."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.labels import describe, read_packet


def run(*arguments):
    return CliRunner().invoke(app, ["batch", *map(str, arguments)], catch_exceptions=True)


def test_a_batch_is_made_once_and_its_pictures_are_those_of_the_command(models, photo, person, tmp_path, host):
    person.save(tmp_path / "anna.safetensors")
    table = tmp_path / "orders.csv"
    table.write_text(
        "card,prompt,seed,steps,width,height\nanna.safetensors,a photo,3,1,64,64\nanna.safetensors,a photo,4,1,64,64\n"
    )
    options = ["--table", table, "--checkpoint", models.checkpoint, "--adapter", models.adapter,
               "--encoder", models.encoder, "--out", tmp_path / "out"]  # fmt: skip
    first = run(*options)
    assert first.exit_code == 0, first.output
    assert "2 items, 0 done already" in first.output
    rows = list(csv.DictReader((tmp_path / "out" / "report.csv").open(encoding="utf-8")))
    assert [row["error"] for row in rows] == ["", ""]
    times = {
        path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png") if "sheet" not in path.name
    }
    again = run(*options)
    assert "2 items, 2 done already" in again.output
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in times} == times
    picture = tmp_path / "out" / rows[0]["pictures"]
    assert describe(read_packet(picture.read_bytes()))["source_type"] == "trainedAlgorithmicMedia"
    from facechain_ext.jobs.job_request import parse_job_request
    from facechain_ext.recipes.style import plan

    job_request = parse_job_request(
        {"card": "anna", "prompt": "a photo", "settings": {"seed": 3, "steps": 1, "width": 64, "height": 64}}
    )
    job, _ = plan(person, None, job_request.facts.settings, subject="a person", prompt="a photo")
    (portrait,) = host.generate(job)
    assert np.array_equal(np.asarray(Image.open(picture)), np.asarray(portrait.picture))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--table, or a folder"),
        (["--people", "nowhere", "--prompt", "x"], "no folder"),
        (["--people", ".", "--prompt", "x", "--seeds", "3-1"], "--seeds"),
        (["--people", ".", "--prompt", "x", "--setting", "steps"], "--setting"),
        (["--people", ".", "--prompt", "x"], "nobody"),
        (["--table", "a.csv"], "need a --checkpoint"),
        (["--table", "a.csv", "--on", "file:///etc"], "addresses"),
        (["--table", "a.csv", "--on", "ray", "--checkpoint", "a.csv"], "[ray]"),
    ],
)  # fmt: skip
def test_wrong_options_are_refused(options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    (tmp_path / "anna.safetensors").write_bytes(b"a card")
    (tmp_path / "a.csv").write_text("card,prompt\nanna.safetensors,p\n")
    if words == "nobody":
        (tmp_path / "anna.safetensors").unlink()
    result = run(*options)
    assert result.exit_code != 0
    assert words in f"{result.output} {result.exception}".replace("\n", " ")
