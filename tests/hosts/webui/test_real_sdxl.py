"""PhotoMaker in a real webui with the tiny random SDXL, which is put into its models and taken out again.

Set WEBUI_DIR as for ``test_real_host.py``; AUTOMATIC1111's webui only, whose configuration files name any sizes.
"""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

import pytest

from tests.hosts.webui.hosts import start

WEBUI = os.environ.get("WEBUI_DIR", "")
pytestmark = pytest.mark.skipif(
    not WEBUI or (Path(WEBUI) / "backend").is_dir() or (Path(WEBUI) / "ldm_patched").is_dir(),
    reason="WEBUI_DIR names no webui of AUTOMATIC1111's; these tests run against a real one",
)

SMALL = {"width": 64, "height": 64, "steps": 5}
HIRES = {"enable_hr": True, "hr_scale": 2, "denoising_strength": 0.5, "hr_upscaler": "Latent"}


@pytest.fixture(scope="module")
def webui(tmp_path_factory):
    pytest.importorskip("diffusers", reason="diffusers is not installed; it makes the tiny SDXL")
    from research.tiny_sdxl import install_into, make_tiny_sdxl

    folder = tmp_path_factory.mktemp("sdxl")
    written = install_into(Path(WEBUI), make_tiny_sdxl(folder))
    process = None
    try:
        process, running = start(Path(WEBUI), folder / "log.txt", "--ckpt", str(written[0]))
        running.call("/sdapi/v1/options", {"live_previews_enable": False})  # else it downloads a decoder for them
        yield running
    finally:
        if process is not None:
            process.terminate()
            process.wait(30)
        for path in (*written, written[1].parent / "lora"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def face():
    photo = (Path(__file__).parent / "astronaut.jpg").read_bytes()
    return {"photos": [base64.b64encode(photo).decode()]}


def test_on_changes_the_picture_and_off_is_bit_identical(webui, face):
    off, on = webui.generate(**SMALL), webui.generate(face, **SMALL)
    assert on.digest != off.digest
    assert "FaceChain method: PhotoMaker" in on.infotext
    assert webui.generate(face | {"strength": 0.0}, **SMALL).digest == off.digest
    assert webui.generate(**SMALL).digest == off.digest
    assert webui.generate(face | {"method": "FACT"}, **SMALL).digest == off.digest
    assert len({webui.generate(face | {"style_strength": s}, **SMALL).digest for s in (0.0, 0.5, 1.0)}) == 3


@pytest.mark.parametrize(
    "prompt",
    [
        "a (woman:1.3) in a garden",
        "a woman BREAK in a garden",
        "a woman AND a garden :0.5",
        "a woman in a [garden:city:0.5]",
        "a woman, " + "red flowers, " * 60,
    ],
    ids=["emphasis", "break", "and", "schedule", "long"],
)
def test_the_hosts_prompts_go_on(webui, face, prompt):
    off, on = webui.generate(prompt=prompt, **SMALL), webui.generate(face, prompt=prompt, **SMALL)
    assert on.digest != off.digest
    assert "FaceChain: off" not in on.infotext


def test_passes_and_batches(webui, face):
    off, both, first = (webui.generate(one, **SMALL, **HIRES) for one in (None, face, face | {"hires": False}))
    assert len({off.digest, both.digest, first.digest}) == 3
    assert webui.generate(**SMALL, **HIRES).digest == off.digest
    # Matrix products round otherwise for six rows than for two (3e-7 in the embedding of the step, with or without a
    # face), and the webui cuts values off to bytes: single ones may differ by 1.
    three = webui.generate_all(face, **SMALL, batch_size=3)
    assert three[-3].difference(webui.generate(face, **SMALL)) <= 1  # a grid stands before them
    assert three[-3].difference(off_small := webui.generate(**SMALL)) > 1
    assert len({one.digest for one in (*three[-3:], off_small)}) == 4
    settings = SMALL | {"init_images": face["photos"], "denoising_strength": 0.6}
    assert webui.generate(face, kind="img2img", **settings).digest != webui.generate(kind="img2img", **settings).digest


def test_a_prompt_without_a_word_for_a_person_is_made_without(webui, face):
    castle = SMALL | {"prompt": "a castle"}
    made = webui.generate(face, **castle)
    assert "no word for a person" in made.infotext
    assert made.digest == webui.generate(**castle).digest
