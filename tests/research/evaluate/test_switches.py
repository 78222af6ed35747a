"""What the switches cost, on random models and a budget of seconds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter
from research.__main__ import app
from research.evaluate.subjects import held_out_people, load_or_train_eval_net, prepare_subjects
from research.evaluate.switches import STEPS, SWITCHES, Switch, _generate, _region, page, psnr, switch_costs
from tests.research.evaluate.test_evaluate import LITTLE


def test_psnr_is_that_of_the_formula():
    black = np.zeros((3, 4, 4, 3), np.uint8)
    other = black.copy()
    other[1] = 255
    other[2] = 1
    same, opposite, near = psnr(black, other)
    assert np.isinf(same)
    assert opposite == pytest.approx(0)
    assert near == pytest.approx(20 * np.log10(255))


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((0.25, 0.5, 0.5, 0.75), (6, 14), (2, 10)),
        ((-0.125, 0.875, 0.125, 1.125), (12, 16), (0, 4)),
        ((0, 0, 1, 1), (0, 16), (0, 16)),
    ],
)
def test_a_box_is_widened_by_half_and_stays_in_the_picture(box, rows, columns):
    mask = _region(torch.tensor(box), 16)
    wanted = torch.zeros(16, 16)
    wanted[slice(*rows), slice(*columns)] = 1
    assert torch.equal(mask, wanted)


def test_every_switch_is_compared_with_the_exact_pictures(models, tmp_path):
    few = [replace(switch, steps=5 if switch.steps == STEPS else 3) for switch in SWITCHES]
    costs = switch_costs(models, tmp_path, LITTLE, switches=few)
    assert [one.name for one in costs] == [switch.name for switch in SWITCHES]
    exact, automatic, *other_photos = costs
    assert np.isinf(exact.psnr)
    assert np.isinf(exact.worst)
    assert exact.near == 1
    assert automatic.covered is not None
    assert 0 < automatic.covered <= 1
    finite = {one.name: one.psnr for one in other_photos}
    finite.pop("region: a box around the face")  # an untrained eval net's box, widened, is the whole picture: see below
    assert all(np.isfinite(value) for value in finite.values())
    assert finite["window 0 to 0.8"] > finite["LCM sampler, 6 steps"]
    text = page(costs, 1.0, LITTLE, "facechain evaluate")
    assert text.count("\n| ") == len(SWITCHES) + 1
    assert "| exact | the same | the same | – |" in text


def test_a_small_box_changes_the_pictures(models, tmp_path):
    eval_net = load_or_train_eval_net(tmp_path / "eval_net.safetensors", LITTLE)
    subjects, _ = prepare_subjects(held_out_people(LITTLE), eval_net, TransFace.from_file(models.encoder), LITTLE)
    exact, in_face_box = (
        _generate(
            load_checkpoint(models.checkpoint),
            load_adapter(models.adapter),
            subjects,
            LITTLE,
            Switch("a switch", steps=2, one_by_one=True, in_face_box=in_face_box),
            1.0,
            torch.tensor([(0.4, 0.4, 0.6, 0.6)] * len(subjects.persons)),
            [],
        )
        for in_face_box in (False, True)
    )
    assert np.isfinite(psnr(exact, in_face_box)).all()


def test_the_command_writes_the_table(models, tmp_path, monkeypatch):
    kept = SWITCHES[:1]
    monkeypatch.setattr("research.evaluate.switches.switch_costs.__kwdefaults__", {
        **switch_costs.__kwdefaults__, "switches": [replace(kept[0], steps=2)]
    }, raising=False)  # fmt: skip
    monkeypatch.setattr("facechain_ext.demo.tiny_models", lambda _folder: models)
    names = ("eval_net_persons", "eval_net_photos", "eval_net_steps", "held_out", "each", "side")
    parts = [f"--budget={name}={getattr(LITTLE, name)}" for name in names]
    arguments = ["evaluate", "--work", str(tmp_path / "work"), "--docs", str(tmp_path / "docs"), "--switches", *parts]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "docs" / "switches.md").read_text().startswith("# What the switches cost")
    (row,) = json.loads((tmp_path / "docs" / "switches.json").read_text())
    assert row["name"] == "exact"
