"""A repository made by hand, in the real pipeline of ModelScope, in its own process."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.recipes.tools import Fuse, Retouch, fusion, retouching
from facechain_ext.retouch.sandbox import consent, process
from facechain_ext.retouch.sandbox.process import SandboxProcess, sandbox_process
from facechain_ext.weights import set_models_folder

pytest.importorskip("modelscope", reason='modelscope is not installed; pip install -e ".[modelscope]"')

CODE = """
import os, sys, time
import numpy as np
from modelscope.models.base import TorchModel
from modelscope.models.builder import MODELS
from modelscope.pipelines.base import Pipeline
from modelscope.pipelines.builder import PIPELINES

print("this goes to nobody's picture")

@MODELS.register_module("{task}", module_name="made-by-hand")
class Made(TorchModel):
    def forward(self, given):
        return given

@PIPELINES.register_module("{task}", module_name="made-by-hand-pipeline")
class MadePipeline(Pipeline):
    def __init__(self, model, **kwargs):
        super().__init__(model=model, auto_collate=False, **kwargs)
    def preprocess(self, given, **kwargs):
        return given
    def forward(self, given, **kwargs):
        return given
    def postprocess(self, given, **kwargs):
        print("printed on the way")
        if isinstance(given, dict):
            return {{"output_img": (given["template"].astype(int) + given["user"][0, 0]) // 2}}
        blue = given[0, 0, 0]
        if blue == 66:
            raise ValueError("no skin " + str(sorted(os.environ)))
        if blue == 77:
            os._exit(3)
        if blue == 88:
            time.sleep(60)
        if blue == 99:
            given = given[:-1]
        return {{"output_img": np.dstack([given[..., 0], given[..., 1] // 2, given[..., 2]]).astype(float)}}
"""
FOLDERS = {
    "skin-retouch": ("cv_unet_skin_retouching_torch", "skin-retouching-torch"),
    "face-fusion": ("cv_unet_face_fusion_torch", "face_fusion_torch"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    set_models_folder(root)
    for name, task in FOLDERS.values():
        made = root / "modelscope" / name
        made.mkdir(parents=True)
        facts = {"framework": "pytorch", "task": task, "allow_remote": True}
        facts |= {"model": {"type": "made-by-hand"}, "pipeline": {"type": "made-by-hand-pipeline"}}
        (made / "configuration.json").write_text(json.dumps(facts))
        (made / "ms_wrapper.py").write_text(CODE.format(task=task))
    yield root
    while process._running:
        process._running.popitem()[1].close()
    set_models_folder(None)


def picture(blue=10):
    pixels = np.full((6, 5, 3), (30, 20, blue), np.uint8)
    pixels[2, 3] = (200, 100, 50)
    return Image.fromarray(pixels)


def test_nothing_runs_before_consent(folder):
    assert isinstance(retouching(), Retouch)
    assert isinstance(fusion(), Fuse)
    with pytest.raises(HostError, match="weights consent skin-retouch"):
        SandboxProcess("skin-retouch", "skin-retouching-torch")


def test_retouching_goes_through_and_keeps_its_process(folder):
    consent.give("skin-retouch")
    tool = retouching()
    made = np.array(tool(picture(), None))
    assert made[0, 0].tolist() == [30, 10, 10]
    assert made[2, 3].tolist() == [200, 50, 50]
    first = sandbox_process("skin-retouch", "skin-retouching-torch")
    assert np.array_equal(np.array(tool(picture(), None)), made)
    assert sandbox_process("skin-retouch", "skin-retouching-torch") is first
    consent.withdraw("skin-retouch")
    with pytest.raises(HostError, match="weights consent"):
        tool(picture(), None)
    assert not first.running


def test_fusion_gets_template_and_user_by_name(folder):
    consent.give("face-fusion")
    made = np.array(fusion()(picture(10), Image.new("RGB", (4, 4), (50, 60, 70))))
    assert made[0, 0].tolist() == [40, 40, 40]


@pytest.mark.parametrize(
    ("blue", "words"),
    [(66, "ValueError: no skin"), (77, "stopped"), (88, "took more than 2 seconds"), (99, "5x5 pixels")],
)
def test_a_failure_is_reported_and_the_next_picture_works(folder, monkeypatch, blue, words):
    monkeypatch.setenv("HF_TOKEN", "secret")
    consent.give("skin-retouch")
    tool = retouching()
    tool(picture(), None)
    monkeypatch.setattr(process, "PICTURE_SECONDS", 2.0)
    with pytest.raises(HostError, match=words) as caught:
        tool(picture(blue), None)
    assert "HF_TOKEN" not in str(caught.value)
    monkeypatch.setattr(process, "PICTURE_SECONDS", 60.0)
    assert np.array(tool(picture(), None))[0, 0].tolist() == [30, 10, 10]


def test_the_process_ends_with_its_parent(folder, tmp_path):
    import subprocess

    consent.give("skin-retouch")
    program = (
        f"from facechain_ext.weights import set_models_folder; set_models_folder({str(folder)!r})\n"
        "from facechain_ext.retouch.sandbox.process import SandboxProcess\n"
        "print(SandboxProcess('skin-retouch', 'skin-retouching-torch')._process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout.split()[-1]), 0)
