"""The settings text of a template portrait: everything that made it comes back out of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from facechain_ext.recipes.template import FaceSource, Settings, read_template
from facechain_ext.recipes.template.infotext import parse_template_infotext, template_infotext
from facechain_ext.recipes.template.qualities import paints
from facechain_ext.ui.pnginfo import parse_infotext

HOSTS = (
    "x\nNegative prompt: y\nSteps: 5, Sampler: Euler a, Schedule type: Karras, CFG scale: 1, Seed: 9, Size: 512x512, "
    'Model hash: 0123456789, Model: dream, ControlNet 0: "Module: canny, Model: other", Version: 1.10.1'
)
WHO = {
    1: FaceSource(label="card Anna; 2: pixelate"),
    2: "keep",
    3: "pixelate",
    10: FaceSource(label="photo 0123456789ab"),
}


def make_template(name="a party, 2: of us.png"):
    file = io.BytesIO()
    Image.fromarray(np.full((80, 120, 3), 90, np.uint8)).save(file, "PNG")
    return read_template(file.getvalue(), name=name)


def read(text):
    parsed = parse_infotext(text)
    return parse_template_infotext(parsed.prompt, parsed.negative, parsed.values)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(seed=7),
        Settings(quality="standard", prompt="a: b, c", denoise=0.35, strength=1.1, growth=0.1, count=4, seed=2**32 - 1),
        Settings(
            quality="faithful", steps=12, cfg=3.5, fuse=True, match=False, method="LoRA", negative_prompt='blue, "x"'
        ),
    ],
)
def test_what_made_a_picture_comes_back_out_of_its_text(settings):
    template = make_template()
    text = template_infotext(template, WHO, settings, hair=paints(settings), tools=["Skin retouching", "GFPGAN"])
    found = read(text)
    assert found.settings == settings
    assert found.template == template.name
    assert template.digest.startswith(found.digest)
    assert found.digest
    assert found.hair == paints(settings)
    assert found.tools == ("Skin retouching", "GFPGAN")
    assert found.notes == ()
    assert dict(found.people) == {1: "card Anna", 2: "pixelate", 3: "pixelate", 10: "photo 0123456789ab"}


def test_infotext_names_the_hosts_model_and_sampler_but_not_its_crop():
    values = parse_infotext(
        template_infotext(make_template(), WHO, Settings(quality="standard", seed=3), host_text=HOSTS)
    ).values
    assert [values[label] for label in ("Model", "Model hash", "Sampler", "Schedule type")] == [
        "dream", "0123456789", "Euler a", "Karras"
    ]  # fmt: skip
    assert (values["Size"], values["Seed"], values["Steps"]) == ("120x80", "3", "30")


def test_other_texts_are_none_of_ours_and_bad_values_are_named():
    assert read(HOSTS) is None
    bad = read("Seed: 1e99, Steps: many, FaceChain recipe: template, FaceChain quality: best")
    assert bad.settings == Settings()
    assert [note.split(" is ")[0] for note in bad.notes] == ["Steps", "Seed"]


@pytest.mark.parametrize("name", ["\udcff.png", "two\nlines.png", "名前.png"])
def test_every_name_of_a_template_can_be_written(name, tmp_path):
    template = make_template(name)
    template.save(template.pixels, tmp_path / "out.png", template_infotext(template, WHO, Settings()))
    assert read(Image.open(tmp_path / "out.png").text["parameters"]).digest == template.digest[:16]
