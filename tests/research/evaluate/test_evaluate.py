"""facechain evaluate on random models with a budget of almost nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from research.__main__ import app
from research.evaluate.budget import STRENGTHS, VARIANTS, Budget
from research.evaluate.eval_net import EVAL_NET_CONFIG
from research.evaluate.mixing import SHARES
from research.evaluate.rendered import RenderedPeople
from research.evaluate.report import as_json, page, plot
from research.evaluate.run import OWN, LatentCache, evaluate, evaluate_as_they_are
from research.evaluate.subjects import load_or_train_eval_net

LITTLE = Budget(
    persons=2,
    photos=2,
    steps=1,
    batch=1,
    eval_net_persons=3,
    eval_net_photos=2,
    eval_net_steps=2,
    held_out=2,
    each=1,
    draw_steps=1,
    side=64,
)
CEILING = "real drawings through the autoencoder"


def test_every_variant_at_every_strength_with_its_budget(models, tmp_path):
    results = evaluate(models, tmp_path / "work", LITTLE)
    rows = [(row.variant, row.strength) for row in results.figures]
    expected = [(name, strength) for name in (OWN, *(v.name for v in VARIANTS)) for strength in STRENGTHS[1:]]
    assert rows == [(CEILING, 0.0), ("no adapter", 0.0), *expected]
    assert results.figures[1].outside == 0
    assert all(0 <= row.retrieval <= 1 and 0 <= row.caption <= 1 for row in results.figures)
    assert set(results.seconds) == {"eval_net", *(variant.name for variant in VARIANTS)}
    again = evaluate(models, tmp_path / "work", LITTLE)
    assert again.figures == results.figures
    text = page(results, "facechain evaluate", "results.png")
    assert "were not trained" in text
    assert "steps 1, batch 1" in text
    assert text.count("| parallel cross-attention |") == 4
    assert "over 1 pairs" in text
    assert [row.share for row in results.mixing.rows] == list(SHARES)
    plot(results, tmp_path / "results.png")
    with Image.open(tmp_path / "results.png") as picture:
        assert picture.width > 1000
    json.dumps(as_json(results))


def test_finished_models_are_measured_as_they_are(models, tmp_path):
    results = evaluate_as_they_are(models, tmp_path, LITTLE)
    rows = [(row.variant, row.strength) for row in results.figures]
    assert rows == [(CEILING, 0.0), ("no adapter", 0.0), *((OWN, strength) for strength in STRENGTHS[1:])]
    assert set(results.seconds) == {"eval_net"}
    assert results.mixing.pairs == 1
    kept = (tmp_path / "eval_net.safetensors").stat().st_mtime_ns
    assert evaluate_as_they_are(models, tmp_path, LITTLE).figures == results.figures
    assert (tmp_path / "eval_net.safetensors").stat().st_mtime_ns == kept
    evaluate_as_they_are(models, tmp_path, replace(LITTLE, eval_net_steps=3))
    assert (tmp_path / "eval_net.safetensors").stat().st_mtime_ns != kept


def test_a_picture_is_encoded_once_as_the_training_would(models):
    vae, people = load_checkpoint(models.checkpoint).vae, RenderedPeople(1, 2)
    latents = LatentCache(vae, people)
    pixels = torch.from_numpy(people.photo(1).pixels.copy()).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        expected = vae.encode(pixels).latent_dist.mode()[0]
    assert torch.allclose(torch.from_numpy(latents[1]), expected, atol=1e-5)
    assert latents[1] is latents[1]


def test_an_eval_net_that_was_trained_otherwise_is_not_used_again(tmp_path, monkeypatch):
    kept = tmp_path / "eval_net.safetensors"
    load_or_train_eval_net(kept, LITTLE)
    first = kept.stat().st_mtime_ns
    load_or_train_eval_net(kept, LITTLE)
    assert kept.stat().st_mtime_ns == first
    monkeypatch.setitem(EVAL_NET_CONFIG, "noise", 0.5)
    load_or_train_eval_net(kept, LITTLE)
    assert kept.stat().st_mtime_ns != first


@pytest.mark.parametrize(
    ("part", "message"), [("stepz=1", "There is no 'stepz' in the budget"), ("steps=many", "steps is a number")]
)
def test_refuses_a_wrong_budget(tmp_path, part, message):
    result = CliRunner().invoke(app, ["evaluate", "--work", str(tmp_path), "--budget", part])
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
