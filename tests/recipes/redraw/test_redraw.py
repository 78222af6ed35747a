"""The drawing of a photo: what the host is asked for, who is kept where, and what is said."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import Cancelled, HostError, InputError, PhotoError
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.job import Person, Portrait
from facechain_ext.recipes.redraw.recipe import people_of_picture, redraw
from facechain_ext.recipes.redraw.settings import LOOKS, RedrawSettings, find_look, person_strength
from facechain_ext.recipes.template import read_template
from facechain_ext.recipes.template.crop import fit_size
from tests.recipes.template.painters import Interrupted, Painter, Steps
from tests.recipes.template.portraits import HEAD, png, row, somebody


class Drawer(Painter):
    """Draws every picture in one colour, all of it."""

    def generate(self, job, *, progress=None, ready=None):
        white = Image.new("L", (job.width, job.height), 255)
        whole = replace(job, inpaint=replace(job.inpaint, mask=job.inpaint.mask or white))
        made = super().generate(whole)
        self.jobs[-1] = job
        return made


def person(name, strength=0.6):
    return Person(replace(somebody().identity, name=name), strength)


@pytest.fixture(scope="module")
def one():
    return read_template(png(HEAD), name="one.png")


@pytest.fixture(scope="module")
def pair():
    return read_template(png(row(HEAD, HEAD[:, ::-1], gap=20)), name="pair.png")


@pytest.mark.parametrize(
    ("size", "sides", "expected"),
    [
        ((600, 400), (512, 1024), (768, 512)),
        ((400, 600), (512, 1024), (512, 768)),
        ((6000, 1000), (512, 1024), (1024, 168)),
        ((6000, 6000), (512, 1024), (512, 512)),
        ((230, 230), (128, 128), (128, 128)),
        ((8000, 64), (512, 1024), (1024, 64)),
    ],
)
def test_a_picture_is_painted_in_its_proportions_at_what_the_checkpoint_draws(size, sides, expected):
    assert fit_size(*size, sides) == expected


LOOK_CASES = {
    "2D": ("2d", 0.6, 0.6, "cel shading", "photorealistic"),
    "3D": ("3D", 0.55, 0.6, "3d animated film character", "flat drawing"),
    "a style": ("woodcut", 0.5, None, "", ""),
}


@pytest.mark.parametrize("case", LOOK_CASES)
def test_a_look_sets_words_denoising_and_strength(one, case):
    look, denoise, strength, words, excluded = LOOK_CASES[case]
    if look == "woodcut":
        from facechain_ext.styles import catalogue

        style = next(iter(catalogue().values()))
        look, strength, words = style.key, style.strength, style.prompt.split(",")[0]
    settings = RedrawSettings(look=look, prompt="a woman in a spacesuit", sides=(256, 512))
    assert person_strength(settings) == strength
    host = Drawer()
    result = redraw(one, [person("Anna", strength)], settings, host=host)
    (job,) = host.jobs
    assert job.inpaint.denoise == denoise
    assert job.inpaint.mask is None
    assert words in job.prompt
    assert "a woman in a spacesuit" in job.prompt
    assert excluded in job.negative_prompt
    assert (job.width, job.height) == (256, 256) == job.inpaint.picture.size
    assert job.people[0].region is None
    assert job.people[0].strength == strength
    assert job.remarks["FaceChain recipe"] == "redraw"
    assert job.remarks["FaceChain drawn as"] == look
    assert result.image.pixels.shape == (256, 256, 3)


def test_what_is_set_takes_the_place_of_the_looks(one):
    host = Drawer()
    redraw(
        one, [person("Anna", 0.9)], RedrawSettings(denoise=0.45, seed=9, steps=7, cfg=4.0, sampler="DDIM"), host=host
    )
    (job,) = host.jobs
    assert (job.inpaint.denoise, job.seed, job.steps, job.cfg, job.sampler) == (0.45, 9, 7, 4.0, "DDIM")
    assert job.people[0].strength == 0.9


def test_several_people_are_kept_each_in_their_own_head(pair):
    host = Drawer()
    redraw(pair, [person("Left"), person("Right", 0.3)], host=host)
    (job,) = host.jobs
    assert [(one.identity.name, one.strength) for one in job.people] == [("Left", 0.6), ("Right", 0.3)]
    left, right = (one.region for one in job.people)
    assert left[64, 32] == right[64, 96] == 1
    assert left[64, 96] == right[64, 32] == 0


class ByPicture:
    """The likeness is the blueness of the middle."""

    def likeness(self, picture, identity):
        return Likeness(picture.getpixel((picture.width // 2, picture.height // 2))[2] / 255, "ArcFace")


def test_the_most_like_of_several_is_taken_and_called_weak_evidence(one):
    result = redraw(one, [person("Anna")], RedrawSettings(count=3, seed=5), host=Drawer(), scorer=ByPicture())
    assert result.seed == 7
    assert result.image.pixels[5, 5].tolist() == [200, 30, 47]
    (note,) = result.notes
    assert note.startswith("The most like of 3: likeness 0.18")
    assert "of a drawing this is weak evidence" in note


class FacesAgain(Drawer):
    """Gives the photo back as the drawing, so that its face is found again."""

    def generate(self, job, *, progress=None, ready=None):
        if job.inpaint.mask is None:
            self.jobs.append(job)
            return [Portrait(job.inpaint.picture, job.seed, "")]
        return super().generate(job)


def test_faces_are_drawn_once_more_at_their_own_resolution(one):
    host = FacesAgain()
    settings = RedrawSettings(repair=True, sides=(256, 512))
    result = redraw(one, [person("Anna")], settings, host=host)
    whole, face = host.jobs
    assert face.inpaint.denoise == 0.35
    assert face.prompt == whole.prompt
    assert any("Face 1 is painted as Anna" in note for note in result.notes)


def test_the_adapter_that_a_style_suggests_draws_the_faces_once_more_too(one, tmp_path):
    from facechain_ext.weights import set_models_folder

    (tmp_path / "adapter-film.safetensors").write_bytes(b"x")
    set_models_folder(tmp_path)
    try:
        host = FacesAgain()
        redraw(one, [person("Anna")], RedrawSettings(look="hanfu", repair=True, sides=(256, 512)), host=host)
    finally:
        set_models_folder(None)
    whole, face = host.jobs
    assert whole.adapter == "film"
    assert face.method_settings == {"adapter": "film"}


def test_the_faces_of_the_photos_own_people_are_drawn_once_more_too(one, encoder):
    (own,), _ = people_of_picture(one, encoder)
    host = FacesAgain()
    result = redraw(one, [Person(own)], RedrawSettings(repair=True, sides=(256, 512)), host=host)
    assert len(host.jobs) == 2, result.notes


class FailsAtTheFaces(Drawer):
    """Gives the photo back as the drawing; what is drawn after that fails."""

    def generate(self, job, *, progress=None, ready=None):
        if self.jobs:
            raise HostError("The sampler UniPC takes 3 steps.")
        self.jobs.append(job)
        return [Portrait(job.inpaint.picture, job.seed, "")]


def test_faces_that_the_host_cannot_draw_leave_the_drawing_and_are_said(one, caplog):
    settings = RedrawSettings(repair=True, sides=(256, 512))
    result = redraw(one, [person("Anna")], settings, host=FailsAtTheFaces())
    sentence = "The faces are not drawn once more: The sampler UniPC takes 3 steps."
    assert sentence in result.notes
    assert not result.stopped
    assert result.image.pixels.shape == (256, 256, 3)
    assert "The sampler UniPC takes 3 steps." in caplog.text


def test_what_the_file_held_besides_comes_out_at_the_drawings_size():
    alpha = np.linspace(0, 255, HEAD.shape[1]).astype(np.uint8)[None].repeat(len(HEAD), 0)
    picture = read_template(png(np.dstack([HEAD, alpha]), icc_profile=b"profile"), name="glass.png")
    made = redraw(picture, [person("Anna")], RedrawSettings(sides=(256, 512)), host=Drawer()).image
    assert made.alpha.shape == (256, 256)
    assert abs(int(made.alpha[0, 128]) - 128) < 3
    assert made.icc_profile == b"profile"
    assert Image.open(io.BytesIO(made.encoded(made.pixels))).mode == "RGBA"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"look": "oil on velvet"}, "draws no 'oil on velvet': choose 2D, 3D, or the key of a style"),
        ({"denoise": 1.5}, "denoise is 1.5"),
        ({"count": 0}, "count is 0"),
    ],
)
def test_settings_out_of_range_are_named_before_anything_is_drawn(one, settings, words):
    host = Drawer()
    with pytest.raises(InputError, match=words):
        redraw(one, [person("Anna")], RedrawSettings(**settings), host=host)
    assert host.jobs == []


def test_every_look_is_within_what_still_keeps_a_photo():
    assert all(0.45 <= look.denoise <= 0.6 for look in LOOKS.values())
    assert find_look("3d")[0] is LOOKS["3D"]


def test_a_picture_without_a_face_or_without_anybody_of_them_is_a_sentence(one, pair):
    grey = read_template(png(np.full((200, 200, 3), 90, np.uint8)), name="grey.png")
    with pytest.raises(PhotoError, match=r"No face was found in grey\.png"):
        redraw(grey, [person("Anna")], host=Drawer())

    class Nobody:
        def likeness(self, picture, identity):
            return Likeness(0.0, "ArcFace")

    with pytest.raises(PhotoError, match=r"pair\.png shows 2 faces, none of them like"):
        redraw(pair, [person("Anna")], host=Drawer(), scorer=Nobody())


def test_people_without_a_face_are_named(one):
    result = redraw(one, [person("Anna"), person("Ben")], host=Drawer())
    assert result.left_out == ("No face of the picture was matched with Ben.",)


def test_an_interrupt_keeps_the_drawings_that_are_finished(one):
    host = _whole(Interrupted(at=1, keeps=1))
    result = redraw(one, [person("Anna")], RedrawSettings(count=3, repair=True), host=host)
    assert result.stopped
    with pytest.raises(Cancelled, match="nothing is kept"):
        redraw(one, [person("Anna")], host=_whole(Interrupted(at=1)))


def _whole(host):
    """The host for a job without a mask."""
    generate = host.generate

    def with_mask(job, **more):
        mask = Image.new("L", (job.width, job.height), 255)
        return generate(replace(job, inpaint=replace(job.inpaint, mask=job.inpaint.mask or mask)), **more)

    host.generate = with_mask
    return host


def test_progress_counts_the_whole_recipe_once(one):
    seen = []

    def progress(done, total):
        seen.append((done, total))
        return True

    redraw(one, [person("Anna")], RedrawSettings(repair=True), host=_whole(Steps()), progress=progress)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    assert len({total for _, total in seen}) == 1


def test_without_cards_the_people_of_the_photo_itself_are_kept(pair, encoder):
    identities, notes = people_of_picture(pair, encoder)
    assert len(identities) == 2
    assert notes == []
    with pytest.raises(PhotoError, match="No face was found"):
        people_of_picture(read_template(png(np.full((200, 200, 3), 90, np.uint8)), name="grey.png"), encoder)


def test_of_a_crowd_the_largest_faces_are_kept(pair, encoder, monkeypatch):
    from facechain_ext import faces

    real = faces.detector().detect(pair.pixels)

    class Crowd:
        name = "crowd"

        def detect(self, pixels):
            small = [replace(real[0], box=tuple(side / 4 for side in real[0].box)) for _ in range(38)]
            return [*real, *small]

    monkeypatch.setattr(faces, "detector", Crowd)
    identities, notes = people_of_picture(pair, encoder)
    assert 1 <= len(identities) <= 10
    assert notes[-1] == "pair.png shows 40 faces; the 10 largest keep their person."
