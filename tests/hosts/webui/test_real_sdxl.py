"""PhotoMaker in a real webui, with random weights of SDXL.

Set WEBUI_DIR as for ``test_real_host.py``. AUTOMATIC1111's webui, whose configuration files name any sizes, gets the
tiny SDXL, which is put into its models and taken out again. The Forge line knows SDXL by its full sizes: set WEBUI_SDXL
to such a checkpoint, and have a PhotoMaker file of its widths in that webui's models.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.hosts.webui.hosts import kind_of, start
from tests.hosts.webui.photo import BASE64, mirrored_photo

WEBUI, CHECKPOINT = os.environ.get("WEBUI_DIR", ""), os.environ.get("WEBUI_SDXL", "")
pytestmark = pytest.mark.skipif(
    not WEBUI or (kind_of(Path(WEBUI)) != "webui" and not CHECKPOINT),
    reason="WEBUI_DIR names no webui, or one of the Forge line without WEBUI_SDXL; these tests run against a real one",
)

SMALL = {"width": 64, "height": 64, "steps": 3 if CHECKPOINT else 5}
"""The person comes in after int(style strength * steps), so with two steps 0.5 would be the same as 1."""


@pytest.fixture(scope="module")
def webui(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdxl")
    with ExitStack() as stack:
        checkpoint = CHECKPOINT or stack.enter_context(tiny_sdxl(folder))
        process, running = start(Path(WEBUI), folder / "log.txt", "--ckpt", str(checkpoint))
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        running.call("/sdapi/v1/options", {"live_previews_enable": False})  # else it downloads a decoder for them
        yield running


@contextmanager
def tiny_sdxl(folder):
    """The tiny SDXL in the webui's models inside the block."""
    pytest.importorskip("diffusers", reason="diffusers is not installed; it makes the tiny SDXL")
    from research.tiny_sdxl import install_into, make_tiny_sdxl

    written = install_into(Path(WEBUI), make_tiny_sdxl(folder))
    try:
        yield written[0]
    finally:
        for path in (*written, written[1].parent / "lora"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def face():
    return {"photos": [BASE64]}


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
    hires = SMALL | webui.hires()
    off, both, first = (webui.generate(one, **hires) for one in (None, face, face | {"hires": False}))
    assert len({off.digest, both.digest, first.digest}) == 3
    assert webui.generate(**hires).digest == off.digest
    three = webui.generate_all(face, **SMALL, batch_size=3)
    if not CHECKPOINT:
        # Matrix products round otherwise for six rows than for two (3e-7 in the embedding of the step, with or without
        # a face), and the webui cuts values off to bytes: single ones may differ by 1, at the full sizes by more.
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


def test_each_photo_adds_a_token(webui, face):
    made = webui.generate({"photos": [*face["photos"], mirrored_photo()]}, **SMALL)
    assert "FaceChain: off" not in made.infotext
    assert made.digest != webui.generate(face, **SMALL).digest


def test_beside_a_lora_of_the_user(webui, face):
    loras = [one["name"] for one in webui.call("/sdapi/v1/loras")] if CHECKPOINT else []
    if not loras:
        pytest.skip("there is no LoRA of this checkpoint's sizes")
    prompt = f"a woman <lora:{loras[0]}:1>"
    lora, both = webui.generate(prompt=prompt, **SMALL), webui.generate(face, prompt=prompt, **SMALL)
    assert len({webui.generate(**SMALL).digest, lora.digest, both.digest, webui.generate(face, **SMALL).digest}) == 4
    assert webui.generate(prompt=prompt, **SMALL).digest == lora.digest


def test_the_settings_of_a_picture_make_it_again(webui, face):
    if webui.is_forge:
        pytest.skip("Forge's own API fails on every request with an infotext")
    asked = face | {"strength": 0.8, "style_strength": 0.5, "class_word": "old woman"}
    made = webui.generate(asked, **SMALL)
    for part in ("FaceChain strength: 0.8", "FaceChain style strength: 0.5", "old woman"):
        assert part in made.infotext
    again = webui.generate(face, **SMALL, infotext=f"a woman\nNegative prompt: blue\n{made.infotext}")
    assert again.infotext == made.infotext
    assert again.digest == made.digest
