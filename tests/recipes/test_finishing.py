"""The end of a recipe: enlarged by the host, then the people's faces; and the full body, which needs it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.recipes.finishing import PortraitFinisher, enlarge_picture, enlarge_result, enlarge_template
from facechain_ext.recipes.framing import FULL_BODY, UPPER_BODY, framing_settings, full_body_controls
from facechain_ext.recipes.garment.settings import GarmentSettings
from facechain_ext.recipes.job import Job, Person, Portrait
from facechain_ext.recipes.readiness import LARGE, SMALL, USUAL
from facechain_ext.recipes.redraw.settings import RedrawSettings
from facechain_ext.recipes.skeleton import standing_skeleton
from facechain_ext.recipes.style import make, plan
from facechain_ext.recipes.style_settings import Settings
from facechain_ext.recipes.template import Settings as TemplateSettings
from facechain_ext.recipes.template import TemplateResult
from facechain_ext.recipes.template.image import image_of_pixels
from tests.recipes.template.painters import Painter
from tests.recipes.template.portraits import HEAD, small, somebody

SIDES = (64, 256)
PERSON = Person(somebody().identity, 0.6)


class Draws(Painter):
    """Draws a head for every picture of a job and paints faces in one colour; tells each step."""

    def generate(self, job, *, progress=None, ready=None):
        if job.inpaint is not None:
            if progress is not None and not progress(0, job.steps):
                return []
            made = super().generate(job)
            progress(job.steps, job.steps)
            return made
        self.jobs.append(job)
        for step in range(job.count * job.steps + 1):
            if progress is not None and not progress(step, job.count * job.steps):
                return []
        return [Portrait(Image.fromarray(small(HEAD, job.width)), job.seed + i, "") for i in range(job.count)]


class Enlarges(Draws):
    """A host with an upscaler of its own."""

    def upscale(self, picture, size, upscaler):
        if upscaler not in ("", "Sharp"):
            raise HostError(f"There is no upscaler {upscaler}.")
        return picture.resize(size, Image.Resampling.NEAREST), "Sharp"


@pytest.mark.parametrize(
    ("host", "upscaler", "size", "words"),
    [
        (Draws(), "auto", (256, 512), "Enlarged to 256 x 512 by Lanczos."),
        (Draws(), "Sharp", (256, 512), "by Lanczos: there is no upscaler Sharp here."),
        (Enlarges(), "auto", (256, 512), "Enlarged to 256 x 512 by Sharp."),
        (Enlarges(), "Blunt", (64, 128), "The picture is not enlarged: There is no upscaler Blunt."),
        (None, "auto", (256, 512), "by Lanczos."),
    ],
)
def test_a_picture_is_enlarged_by_the_host_or_by_lanczos_which_is_named(host, upscaler, size, words):
    large, note = enlarge_picture(host, Image.new("RGB", (64, 128)), 512, upscaler)
    assert large.size == size
    assert words in note


def test_a_large_picture_is_not_made_smaller():
    picture = Image.new("RGB", (600, 100))
    assert enlarge_picture(None, picture, 512, "auto")[0] is picture


@pytest.mark.parametrize(
    ("settings", "size", "said"),
    [
        (TemplateSettings(), (40, 20), ()),
        (TemplateSettings(enlarge=128), (128, 64), ("Enlarged to 128 x 64 by Sharp.",)),
        (GarmentSettings(enlarge=128, enlarge_by="Sharp"), (128, 64), ("Enlarged to 128 x 64 by Sharp.",)),
        (RedrawSettings(enlarge=30), (40, 20), ("The picture has 40 x 20 pixels already; it is not enlarged.",)),
    ],
)
def test_a_template_is_enlarged_with_its_opacity_and_what_its_file_held(settings, size, said):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    image = replace(image_of_pixels(pixels, "x.png"), alpha=pixels[..., 0], icc_profile=b"profile")
    large, notes = enlarge_template(Enlarges(), image, settings)
    assert notes == said
    assert large.pixels.shape == (*size[::-1], 3)
    assert large.alpha.shape == large.pixels.shape[:2]
    assert large.icc_profile == b"profile"
    assert (large.digest == image.digest) == (size == (40, 20))
    painted = TemplateResult(255 - pixels, np.ones((20, 40), bool), ("before",))
    large, result = enlarge_result(Enlarges(), image, painted, settings)
    assert result.notes == ("before", *said)
    assert result.pixels.shape[:2] == large.alpha.shape == size[::-1]
    assert abs(result.pixels.mean() - (255 - pixels).mean()) < 2


def test_a_stop_leaves_a_template_as_large_as_it_was():
    image = image_of_pixels(np.zeros((20, 40, 3), np.uint8), "x.png")
    stopped = TemplateResult(image.pixels, np.ones((20, 40), bool), (), stopped=True)
    large, result = enlarge_result(Enlarges(), image, stopped, TemplateSettings(enlarge=128))
    assert large is image
    assert result.pixels is image.pixels
    assert result.notes == ("Stopped: the picture is not enlarged.",)


def test_pictures_that_are_kept_are_enlarged_then_repaired_and_all_is_one_progress():
    host, said = Enlarges(), []
    settings = Settings(steps=10, count=2, keep=1, width=128, height=128, repair_faces=True, enlarge=256)
    job, _ = plan(PERSON.identity, None, settings, prompt="a woman")
    finisher = PortraitFinisher(host, settings, SIDES)
    result = make(host, job, keep=1, finisher=finisher, progress=lambda *one: said.append(one) or True)
    (finished,) = result.pictures
    assert finished.portrait.picture.size == (256, 256)
    assert [one.inpaint is not None for one in host.jobs] == [False, True]
    assert host.jobs[1].prompt == job.prompt
    assert any("by Sharp" in note for note in finished.notes)
    steps = [done for done, _ in said]
    assert steps == sorted(steps)
    assert len({total for _, total in said}) == 1
    assert (steps[0], steps[-1]) == (0, said[0][1])
    assert job.remarks == {"FaceChain repair faces": True, "FaceChain enlarged to": 256}


def test_what_cannot_be_repaired_stays_and_is_said():
    finisher = PortraitFinisher(Draws(), Settings(repair_faces=True), SIDES)
    plain = Portrait(Image.new("RGB", (200, 200), "grey"), 1, "")
    picture, notes = finisher.finish(plain, Job("x", people=(PERSON,)))
    assert np.array_equal(np.asarray(picture), np.asarray(plain.picture))
    assert "Faces are not repaired: No face was found" in notes[0]
    head = Portrait(Image.fromarray(HEAD), 1, "")
    _, notes = finisher.finish(head, Job("x", people=(PERSON,)), lambda *_: False)
    assert notes == ["Stopped: faces are not repaired."]


def test_faces_are_repaired_by_the_method_of_the_portrait_with_its_settings():
    own = {"strength_curve": "0:0, 1:1"}
    job = Job("x", people=(PERSON,), method="FACT", adapter="film", method_settings=own)
    head = Portrait(Image.fromarray(HEAD), 1, "")
    for asked, expected in ((job, {"adapter": "film", **own}), (Job("x", people=(PERSON,)), {"adapter": "auto"})):
        host = Draws()
        PortraitFinisher(host, Settings(repair_faces=True), SIDES).finish(head, asked)
        assert [(one.method, one.method_settings) for one in host.jobs] == [(asked.method, expected)]


STOPPED = [
    ({"enlarge": 256}, 31, "Stopped: 2 of 3 pictures are not enlarged."),
    ({"repair_faces": True}, 34, "Stopped: the faces of 2 of 3 pictures are not repaired."),
    (
        {"enlarge": 256, "repair_faces": True}, 34,
        "Stopped: 2 of 3 pictures are not enlarged and their faces not repaired.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "after", "sentence"), STOPPED)
def test_a_stop_is_read_after_each_picture_and_what_it_leaves_is_said(changes, after, sentence):
    """Three pictures of ten steps are 30 of the bar; ``after`` ends the work while or after the first is finished."""
    settings = Settings(steps=10, count=3, width=128, height=128, **changes)
    job, _ = plan(PERSON.identity, None, settings)
    said = []

    def progress(done, total):
        said.append((done, total))
        return done < after

    result = make(Enlarges(), job, finisher=PortraitFinisher(Enlarges(), settings, SIDES), progress=progress)
    assert len(result.pictures) == 3
    assert sentence in result.notes
    sizes = [one.portrait.picture.width for one in result.pictures]
    assert sizes == ([256, 128, 128] if "enlarge" in changes else [128] * 3)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


def test_enlarging_alone_moves_the_bar_picture_by_picture():
    settings, said = Settings(steps=10, count=3, width=128, height=128, enlarge=256), []
    job, _ = plan(PERSON.identity, None, settings)
    finisher = PortraitFinisher(Enlarges(), settings, SIDES)
    result = make(Enlarges(), job, finisher=finisher, progress=lambda *one: said.append(one) or True)
    assert {(done, 33) for done in (30, 31, 32, 33)} <= set(said)
    assert not any("Stopped" in note for note in result.notes)


def test_what_is_not_enlarged_as_asked_is_logged(caplog):
    enlarge_picture(Enlarges(), Image.new("RGB", (64, 128)), 512, "Blunt")
    assert "There is no upscaler Blunt." in caplog.text
    caplog.clear()
    enlarge_picture(None, Image.new("RGB", (64, 128)), 512, "Sharp")
    assert "there is no upscaler 'Sharp' here; enlarged by Lanczos" in caplog.text


@pytest.mark.parametrize(
    ("defaults", "expected"),
    [(USUAL, (512, 768, True)), (LARGE, (832, 1216, False)), (SMALL, (96, 144, False))],
    ids=("SD1.5", "SDXL", "demo"),
)
def test_a_full_body_has_an_aspect_hires_and_repaired_faces(defaults, expected):
    values = framing_settings(FULL_BODY, defaults)
    assert (values["width"], values["height"], values["hires"]) == expected
    assert values["repair_faces"]
    back = framing_settings(UPPER_BODY, defaults)
    assert back.keys() == values.keys()
    assert (back["width"], back["repair_faces"]) == (defaults.width, False)


def test_a_full_body_has_its_words_and_a_standing_pose_where_there_is_a_controlnet():
    settings = Settings(framing=FULL_BODY, width=64, height=96)
    job, _ = plan(PERSON.identity, None, settings, subject="a woman", prompt="red coat")
    assert job.prompt == "a woman, red coat, full body, standing, from head to shoes, detailed face"
    assert job.remarks == {"FaceChain framing": "full body"}
    (control,) = full_body_controls(settings, frozenset({"openpose"}))
    assert (control.kind, control.prepared, control.picture.size) == ("openpose", True, (64, 96))
    assert full_body_controls(settings, frozenset()) == ()
    assert full_body_controls(settings, frozenset({"openpose"}), people=2) == ()
    assert full_body_controls(replace(settings, framing=UPPER_BODY), frozenset({"openpose"})) == ()


@pytest.mark.parametrize("size", [(512, 768), (832, 1216), (300, 300)])
def test_the_standing_skeleton_lies_in_the_picture_and_is_symmetric_about_its_middle(size):
    drawn = np.asarray(standing_skeleton(*size)).any(-1)
    rows, columns = np.nonzero(drawn.any(1))[0], np.nonzero(drawn.any(0))[0]
    assert rows[0] > 0.02 * size[1]
    assert rows[-1] < 0.98 * size[1]
    assert abs(columns[0] + columns[-1] - size[0]) < 6
    assert drawn.mean() > 0.005
