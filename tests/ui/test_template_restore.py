"""A finished template portrait sets the page as it was: its template, its people, its settings."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext import faces
from facechain_ext.errors import InputError
from facechain_ext.recipes.template import FaceSource, Settings, TemplateGallery, read_template
from facechain_ext.recipes.template.infotext import template_infotext
from facechain_ext.ui.pnginfo import read_infotext
from facechain_ext.ui.template.choices import KEEP, PIXELATE
from facechain_ext.ui.template.restore import restore_settings
from facechain_ext.weights import set_models_folder

SETTINGS = Settings(
    quality="standard", seed=9, denoise=0.4, strength=0.7, steps=12, growth=0.1, count=3, fuse=True, enlarge=1024,
    enlarge_by="R-ESRGAN 4x+",
)  # fmt: skip


@pytest.fixture
def party(tmp_path):
    """A template that is in the gallery, and a guest's photo."""
    set_models_folder(tmp_path / "models")
    Image.fromarray(data.astronaut()).save(tmp_path / "party.png")
    Image.fromarray(np.full((90, 90, 3), 7, np.uint8)).save(tmp_path / "me.png")
    yield tmp_path / "party.png", tmp_path / "me.png"
    set_models_folder(None)


def finished(party, settings=SETTINGS, tools=("Skin retouching by ModelScope", "GFPGAN")):
    """The settings text inside a picture that was made of the template."""
    template, photo = party
    canvas = read_template(template)
    digest = faces.read_picture(photo).digest[:12]
    who = {1: "pixelate", 2: FaceSource(label=f"photo {digest}"), 4: FaceSource(label="card Nobody")}
    path = template.with_name("finished.png")
    canvas.save(canvas.pixels, path, template_infotext(canvas, who, settings, hair=True, tools=tools))
    return read_infotext(path)


def test_everything_that_is_here_is_set_and_what_is_missing_is_named(party):
    TemplateGallery().add(party[0], "renamed.png")
    found = restore_settings(finished(party), {"1 me.png": party[1]}, ["CodeFormer", "GFPGAN"])
    assert found.template == "renamed.png"
    assert found.choices[:5] == (PIXELATE, "photo: 1 me.png", KEEP, KEEP, KEEP)
    assert found.settings == SETTINGS
    assert (found.hair, found.retouch, found.restorer, found.prompt) == (True, True, "GFPGAN", "")
    assert found.notes == ("There is no card called Nobody here; choose somebody for face 4.",)


def test_a_template_a_photo_and_a_restorer_that_are_not_here_are_named(party):
    found = restore_settings(finished(party, Settings(quality="faithful", prompt="x, y", cfg=3.0)), {}, [])
    assert (found.template, found.restorer, found.prompt) == ("", "", "x, y")
    assert set(found.choices) == {KEEP, PIXELATE}
    for words in ("party.png is not in the gallery", "Face 2 was put in from a photo", "GFPGAN is not here", "CFG"):
        assert any(words in note for note in found.notes), words


@pytest.mark.parametrize("text", ["", "a cat\nSteps: 2, Seed: 1, Size: 3x3", "FaceChain recipe: template"])
def test_other_pictures_are_refused(party, text):
    with pytest.raises(InputError, match="no settings of a template portrait"):
        restore_settings(text, {}, [])
