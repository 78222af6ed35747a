"""What a webui's start imports of the script and the tab: tables and components, and nothing that only work needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
pytest.importorskip("fastapi", reason="fastapi comes with gradio")

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import json, pathlib, sys, types
import pytest, gradio, fastapi, torch, safetensors
from tests.hosts.webui import fake_host

patch = pytest.MonkeyPatch()
host = fake_host.install(patch, pathlib.Path(sys.argv[1]))
before = set(sys.modules)
shared, scripts = sys.modules["modules"].shared, sys.modules["modules"].scripts
shared.latent_upscale_modes, shared.sd_upscalers, shared.face_restorers = ["Latent"], [], []
sys.modules["modules.sd_models"].checkpoint_tiles = lambda: ["model.ckpt"]
for name, contents in {
    "sd_samplers": {"visible_sampler_names": lambda: ["Euler a"]},
    "sd_samplers_kdiffusion": {"samplers_data_k_diffusion": []},
    "infotext_utils": {"register_paste_params_button": lambda _: None, "ParamBinding": lambda **_: None},
}.items():
    fake_host.install_module(host, f"modules.{name}", **contents)

from facechain_ext.hosts.webui import script  # as scripts/facechain.py does

script.register()
for settings in host.callbacks.settings:
    settings()
for before_ui in host.callbacks.before_ui:
    before_ui()
with gradio.Blocks() as accordion:
    script.FaceChainScript().ui(is_img2img=False)
((page, _, _),) = host.callbacks.tabs[0]()
for started in host.callbacks.started:
    started(None, fastapi.FastAPI())
failed = [str(one.value) for one in page.blocks.values() if "cannot be shown" in str(getattr(one, "value", ""))]
blocks = [len(accordion.blocks), len(page.blocks)]
print(json.dumps({"blocks": blocks, "failed": failed, "loaded": sorted(set(sys.modules) - before)}))
"""
NOT_NEEDED = (
    "facechain_ext.bench", "facechain_ext.cli", "facechain_ext.demo", "facechain_ext.training.",
    "facechain_ext.hosts.diffusers",
    # models and pictures
    "facechain_ext.faces.decoding", "facechain_ext.faces.picture", "facechain_ext.faces.mesh",
    "facechain_ext.identity.card", "facechain_ext.identity.encode", "facechain_ext.identity.identity",
    "facechain_ext.identity.transface", "facechain_ext.identity.likeness_scorer", "facechain_ext.retouch.",
    "facechain_ext.methods.fact.block", "facechain_ext.methods.fact.injection", "facechain_ext.methods.fact.prepared",
    "facechain_ext.labels.containers",
    # recipes and jobs
    "facechain_ext.jobs.items.", "facechain_ext.jobs.job_", "facechain_ext.jobs.picture_", "facechain_ext.jobs.queue.",
    "facechain_ext.jobs.worker", "facechain_ext.recipes.detail", "facechain_ext.recipes.garment.",
    "facechain_ext.recipes.job", "facechain_ext.recipes.labelling", "facechain_ext.recipes.redraw.",
    "facechain_ext.recipes.studio.face", "facechain_ext.recipes.style", "facechain_ext.recipes.template.image",
    "facechain_ext.recipes.template.recipe", "facechain_ext.recipes.template.quality", "facechain_ext.recipes.tools",
    # events of the page, requests, generations
    "facechain_ext.doctor", "facechain_ext.hosts.webui.face_run", "facechain_ext.hosts.webui.people",
    "facechain_ext.hosts.webui.script_hooks", "facechain_ext.hosts.webui.tab_request",
    "facechain_ext.training_runs.settings", "facechain_ext.ui.portrait.person.", "facechain_ext.ui.portrait.result.",
    "facechain_ext.ui.template.jobs", "facechain_ext.ui.template.picture_actions", "facechain_ext.ui.train.captions",
    "facechain_ext.ui.train.process", "facechain_ext.ui.train.request",
    "mediapipe", "diffusers", "transformers", "onnxruntime",
)  # fmt: skip
"""Beginnings of the names of modules, followed by a dot; each costs a webui's start what it takes to import."""


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(models)], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_accordion_and_the_whole_page_are_built(start):
    assert start["failed"] == []
    assert start["blocks"][0] > 40
    assert start["blocks"][1] > 400


def test_nothing_is_imported_that_only_work_needs(start):
    assert [name for name in start["loaded"] if f"{name}.".startswith(NOT_NEEDED)] == []
