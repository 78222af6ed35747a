"""facechain train adapter, from files to files, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import HostError
from facechain_ext.methods.fact import load_adapter
from facechain_ext.training.adapter.run import TrainRequest, train
from facechain_ext.training.adapter.settings import Settings
from tests.training.adapter.test_prepare import PHOTOS
from tests.training.conftest import BoxMasker, MarkDetector

FEW = Settings(steps=2, batch=1, save_every=1, preview_every=2, warm_up=1)


@pytest.fixture
def photos(tmp_path):
    for name in ("ada/1.png", "ada/2.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PHOTOS[name])
    return tmp_path / "photos"


def test_from_photos_to_an_adapter_that_loads(models, photos, tmp_path):
    request = TrainRequest(
        models.checkpoint, photos, tmp_path / "out", models.encoder, models.adapter, size=64, quality=0
    )
    said = []

    def go(settings=FEW, **more):
        return train(
            request, settings, detector=MarkDetector(), masker=BoxMasker(), show=lambda *a: said.append(a), **more
        )

    final = go()
    assert final.name == "adapter-000002.safetensors"
    assert said[-1][1:] == (2, 2)
    trained, before = load_adapter(final), load_adapter(models.adapter)
    assert trained.sizes == before.sizes
    assert trained.digest != before.digest
    with Image.open(tmp_path / "out" / "run" / "previews" / "000002.png") as sheet:
        assert sheet.size == (5 * 64, 2 * 64 + 16)
    with pytest.raises(HostError, match="nothing is overwritten"):
        go()
    assert go(resume=True) == final


def sdxl(weights):
    """A label embedding, and three levels instead of four, but none of SDXL's text encoders."""
    weights["model.diffusion_model.label_emb.0.0.weight"] = torch.zeros(2, 2)
    for name in [name for name in weights if ".input_blocks.10." in name]:
        del weights[name]


def sd2(weights):
    weights["cond_stage_model.model.ln_final.weight"] = torch.zeros(2)


@pytest.mark.parametrize(
    ("change", "message"),
    [(sdxl, "Choose a full Stable Diffusion XL checkpoint"), (sd2, "a Stable Diffusion 2 checkpoint")],
)
def test_refuses_other_models_before_anything_is_written(models, photos, tmp_path, change, message):
    weights = load_file(models.checkpoint)
    change(weights)
    save_file(weights, tmp_path / "other.safetensors")
    with pytest.raises(HostError, match=message):
        train(TrainRequest(tmp_path / "other.safetensors", photos, tmp_path / "out", models.encoder), FEW)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "cannot be read as JSON"), ('{"stepz": 1}', "unknown settings stepz"), ('{"face_drop": 2}', "a share")],
)
def test_refuses_wrong_settings(models, photos, tmp_path, content, message):
    (tmp_path / "s.json").write_text(content)
    arguments = ["train", "adapter", "--checkpoint", models.checkpoint, "--photos", photos, "--out", tmp_path / "o"]
    result = CliRunner().invoke(app, [str(a) for a in (*arguments, "--settings", tmp_path / "s.json")])
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
