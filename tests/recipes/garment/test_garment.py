"""A kept garment: the published order and numbers, its pixels byte for byte, and what is said of bad marks."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from facechain_ext.errors import Cancelled, HostError, InputError, PhotoError
from facechain_ext.identity import PhotoFact
from facechain_ext.recipes.garment.marking import mark_garment, read_mask
from facechain_ext.recipes.garment.recipe import keep_garment
from facechain_ext.recipes.garment.settings import GarmentSettings
from facechain_ext.recipes.garment.wear import wear_garment
from facechain_ext.recipes.job import Person, Portrait
from facechain_ext.recipes.template import read_template
from tests.recipes.template.painters import Interrupted, Painter, Steps
from tests.recipes.template.portraits import ASTRONAUT, png, somebody

CONTROLS = frozenset({"openpose", "depth", "canny", "ip_adapter"})
ANNA = Person(replace(somebody().identity, name="Anna"), 0.5)


@pytest.fixture(scope="module")
def photo():
    return read_template(png(ASTRONAUT), name="model.png")


@pytest.fixture(scope="module")
def mask():
    """The suit below the head, roughly."""
    marked = np.zeros(ASTRONAUT.shape[:2], bool)
    marked[300:500, 130:400] = True
    return marked


class Keeper(Painter):
    """Gives back the start with everything that may change shifted in colour, so that the face is found again."""

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        start = np.asarray(job.inpaint.picture).astype(int)
        free = np.asarray(job.inpaint.mask)[..., None] >= 128
        made = np.where(free, np.clip(start * (0.9, 1, 0.8) + 9, 0, 255), start).astype(np.uint8)
        return [Portrait(Image.fromarray(made), job.seed, f"made {len(self.jobs)}")]


def test_the_published_order_and_numbers(photo, mask):
    host = Keeper()
    result = keep_garment(photo, mask, ANNA, GarmentSettings(controls=CONTROLS), host=host, label="card Anna")
    scene, face = host.jobs
    assert (scene.inpaint.denoise, scene.steps, scene.cfg, scene.sampler) == (1.0, 40, 7.0, "UniPC")
    assert [(unit.kind, unit.weight, unit.prepared) for unit in scene.controls] == [
        ("openpose", 1.0, False), ("depth", 0.2, False), ("canny", 0.4, True),
    ]  # fmt: skip
    assert scene.people == (ANNA,)
    assert face.inpaint.denoise == 0.65
    assert face.people[0].identity.name == "Anna"
    assert result.infotext == "made 1"
    free = np.asarray(scene.inpaint.mask) >= 128
    core = cv2.erode(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert np.array_equal(free, ~core), "the published erosion of 15 pixels at the painted size"
    edges = np.asarray(scene.controls[2].picture)[..., 0]
    expected = cv2.Canny(ASTRONAUT, 90, 200) * mask
    assert np.array_equal(edges, expected)
    assert edges.any()


def test_the_garment_is_the_photos_byte_for_byte_and_what_is_around_is_new(photo, mask):
    result = keep_garment(photo, mask, ANNA, host=Keeper())
    assert np.array_equal(result.pixels[mask], ASTRONAUT[mask])
    beside = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert (result.pixels[beside] != ASTRONAUT[beside]).any(-1).mean() > 0.95
    assert result.before_face is not None
    assert (result.before_face != result.pixels).any(-1)[~mask].any()


@examples(max_examples=15)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(8, 64), st.integers(8, 64), st.integers(65, 260))
def test_no_bit_of_any_garment_changes_at_any_size(top, left, height, width, side):
    pixels = np.random.default_rng(side).integers(0, 256, (side, side + 9, 3)).astype(np.uint8)
    marked = np.zeros(pixels.shape[:2], bool)
    marked[top : top + height, left : left + width] = True
    if not 0.002 <= marked.mean() <= 0.98:
        return
    photo = read_template(png(pixels))
    settings = GarmentSettings(face_denoise=0, sides=(128, 128))
    made = keep_garment(photo, marked, ANNA, settings, host=Painter()).pixels
    assert np.array_equal(made[marked], pixels[marked])


def test_the_garment_stays_where_the_face_is_painted_over_it(photo):
    head = np.zeros(ASTRONAUT.shape[:2], bool)
    head[140:200, 180:280] = True  # a scarf before the mouth
    result = keep_garment(photo, head, ANNA, host=Keeper())
    assert np.array_equal(result.pixels[head], ASTRONAUT[head])


def test_what_the_file_held_besides_comes_out_as_it_came(mask):
    alpha = np.full(ASTRONAUT.shape[:2], 77, np.uint8)
    exif = Image.Exif()
    exif[0x010E] = "a coat"
    photo = read_template(png(np.dstack([ASTRONAUT, alpha]), icc_profile=b"profile", exif=exif.tobytes()))
    result = keep_garment(photo, mask, ANNA, GarmentSettings(face_denoise=0), host=Keeper())
    made = Image.open(io.BytesIO(photo.encoded(result.pixels, result.infotext)))
    assert made.mode == "RGBA"
    assert np.array_equal(np.asarray(made)[..., 3], alpha)
    assert made.info["icc_profile"] == b"profile"
    assert made.getexif()[0x010E] == "a coat"
    assert np.array_equal(np.asarray(made)[mask][:, :3], ASTRONAUT[mask])


def test_units_that_are_missing_or_switched_off_are_left_out(photo, mask):
    host = Keeper()
    result = keep_garment(photo, mask, ANNA, GarmentSettings(controls=frozenset({"canny"}), depth_weight=0), host=host)
    assert [unit.kind for unit in host.jobs[0].controls] == ["canny"]
    assert result.left_out == ("Painted without ControlNet for openpose: install it to follow the garment.",)


def test_a_garment_on_a_stand_is_painted_without_a_pose_or_with_another_pictures(photo, mask):
    class Stand(Keeper):
        def generate(self, job, *, progress=None, ready=None):
            if any(unit.kind == "openpose" for unit in job.controls):
                raise PhotoError("No person was found in the pose picture.")
            return super().generate(job)

    settings = GarmentSettings(controls=CONTROLS, face_denoise=0)
    result = keep_garment(photo, mask, ANNA, settings, host=Stand())
    assert "Nobody's pose is seen in the photo" in " ".join(result.notes)
    host, pose = Keeper(), Image.new("RGB", (64, 64))
    keep_garment(photo, mask, ANNA, settings, host=host, pose=pose)
    assert host.jobs[0].controls[0].picture is pose


def test_a_large_photo_is_painted_small_and_its_garment_keeps_its_pixels():
    pixels = np.full((1500, 6000, 3), 90, np.uint8)
    pixels[400:1300, 2000:3000] = np.random.default_rng(1).integers(0, 256, (900, 1000, 3))
    marked = np.zeros(pixels.shape[:2], bool)
    marked[400:1300, 2000:3000] = True
    host = Painter()
    result = keep_garment(read_template(png(pixels)), marked, ANNA, GarmentSettings(face_denoise=0), host=host)
    assert (host.jobs[0].width, host.jobs[0].height) == (1024, 256)
    assert np.array_equal(result.pixels[marked], pixels[marked])
    assert any("was painted at 1024x256 and enlarged" in note for note in result.notes)


@pytest.mark.parametrize(
    ("share", "words"), [(0, "Nothing is marked"), (1, "Everything is marked"), (0.001, "Nothing is marked")]
)
def test_an_empty_and_a_full_mark_are_sentences(photo, share, words):
    marked = np.zeros(ASTRONAUT.shape[:2], bool)
    marked.ravel()[: round(share * marked.size)] = True
    host = Keeper()
    for call in (
        lambda: keep_garment(photo, marked, ANNA, host=host),
        lambda: wear_garment(photo, marked, photo, GarmentSettings(controls=CONTROLS), host=host),
    ):
        with pytest.raises(InputError, match=words):
            call()
    assert host.jobs == []


def test_a_picture_without_a_face_says_that_none_was_painted(photo, mask):
    result = keep_garment(photo, mask, ANNA, host=Painter())
    assert any("The face is not painted anew: No face was found" in note for note in result.left_out)


def test_an_interrupt_keeps_what_is_painted(photo, mask):
    class Stopped(Keeper):
        def generate(self, job, *, progress=None, ready=None):
            made = super().generate(job)
            return made if len(self.jobs) < self.at else []

    host = Stopped()
    host.at = 2
    result = keep_garment(photo, mask, ANNA, host=host)
    assert result.stopped
    assert result.left_out[-1] == "Stopped: the face is not painted anew."
    assert np.array_equal(result.pixels[mask], ASTRONAUT[mask])
    with pytest.raises(Cancelled, match="nothing is kept"):
        keep_garment(photo, mask, ANNA, host=Interrupted(at=1))


def test_progress_counts_the_whole_recipe_once(photo, mask):
    seen = []

    class Both(Keeper):
        def generate(self, job, *, progress=None, ready=None):
            for step in range(job.steps + 1):
                progress(step, job.steps)
            return super().generate(job)

    keep_garment(photo, mask, ANNA, host=Both(), progress=lambda *step: seen.append(step) or True)
    done = [step for step, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]
    assert 0.5 < done[41] / seen[-1][1] < 0.7, "the scene's 40 steps of 66"


def test_a_garment_is_put_on_inside_the_clothes_alone(photo, mask):
    host = Painter()
    coat = read_template(png(np.full((100, 100, 3), (10, 90, 60), np.uint8)), name="coat.png")
    result = wear_garment(photo, mask, coat, GarmentSettings(controls=CONTROLS, prompt="a green coat"), host=host)
    (job,) = host.jobs
    assert [(unit.kind, unit.weight) for unit in job.controls] == [
        ("ip_adapter", 1.0),
        ("openpose", 1.0),
        ("depth", 0.2),
    ]
    assert np.array_equal(np.asarray(job.controls[0].picture), coat.pixels)
    assert job.inpaint.denoise == 0.7
    assert job.people == ()
    assert job.remarks["FaceChain garment worn"].startswith("coat.png (")
    assert np.array_equal(result.pixels[~mask], ASTRONAUT[~mask])
    inner = cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert (np.abs(result.pixels[inner].astype(int) - (200, 30, 40)) <= 1).all(-1).mean() > 0.98


def test_without_an_ip_adapter_the_second_way_is_refused(photo, mask):
    with pytest.raises(HostError, match="IP-Adapter, which is not here"):
        wear_garment(photo, mask, photo, host=Painter())


def test_progress_of_the_second_way_ends_at_its_total(photo, mask):
    seen = []
    settings = GarmentSettings(controls=CONTROLS)
    wear_garment(photo, mask, photo, settings, host=Steps(), progress=lambda *step: seen.append(step) or True)
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1]


SHIRT = np.full((300, 400, 3), (200, 190, 180), np.uint8)
cv2.rectangle(SHIRT, (120, 80), (280, 260), (30, 60, 140), cv2.FILLED)
cv2.rectangle(SHIRT, (310, 80), (390, 260), (30, 60, 140), cv2.FILLED)


def test_a_garment_grows_from_a_click_to_its_border():
    marked = mark_garment(SHIRT, [(0.5, 0.5)])
    truth = np.zeros(SHIRT.shape[:2], bool)
    truth[80:261, 120:281] = True
    assert (marked & truth).sum() / (marked | truth).sum() > 0.95, "the other one of this colour is not joined to it"


def test_a_click_beside_it_takes_a_part_away():
    two = cv2.rectangle(SHIRT.copy(), (120, 200), (280, 260), (40, 70, 120), cv2.FILLED)
    marked = mark_garment(two, [(0.5, 0.4)], [(0.5, 0.8), (0.35, 0.7), (0.65, 0.85)])
    assert marked[100:190, 130:270].mean() > 0.95
    assert marked[215:260, 130:270].mean() < 0.2


@pytest.mark.parametrize(
    ("inside", "outside", "words"),
    [([], [], "Click into the garment first"), ([(1.2, 0.5)], [], "fractions of the picture"),
     ([(0.5, 0.5)], [(0.5, -1)], "fractions of the picture")],
)  # fmt: skip
def test_bad_points_are_sentences(inside, outside, words):
    with pytest.raises(InputError, match=words):
        mark_garment(SHIRT, inside, outside)


def test_a_masks_picture_has_the_photos_size_and_white_or_opaque_is_garment(mask):
    as_grey = read_mask(png(mask * np.uint8(255)), ASTRONAUT)
    drawn = np.dstack([np.zeros_like(ASTRONAUT), mask * np.uint8(255)])
    assert np.array_equal(as_grey, mask)
    assert np.array_equal(read_mask(png(drawn), ASTRONAUT), mask), "a brush that draws in black"
    with pytest.raises(InputError, match="the mask is 20x10 and the photo 512x512"):
        read_mask(png(np.zeros((10, 20), np.uint8)), ASTRONAUT)
    with pytest.raises(PhotoError, match="picture"):
        read_mask(b"hello", ASTRONAUT)


def test_somebody_keeps_a_garment_of_their_own_photo_and_gets_a_new_face_too(photo, mask):
    own = PhotoFact("a.png", photo.digest, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    person = replace(ANNA, identity=replace(ANNA.identity, photos=(own,)))
    host = Keeper()
    result = keep_garment(photo, mask, person, GarmentSettings(steps=4), host=host)
    assert len(host.jobs) == 2, result.left_out


class FailsAtTheFace(Keeper):
    """Paints once; what is painted after that fails, as a sampler does that takes more steps."""

    def generate(self, job, *, progress=None, ready=None):
        if self.jobs:
            raise HostError("The sampler UniPC takes 3 steps.")
        return super().generate(job)


def test_a_face_that_the_host_cannot_paint_leaves_the_rest_and_is_said(photo, mask):
    result = keep_garment(photo, mask, ANNA, GarmentSettings(steps=4), host=FailsAtTheFace())
    assert "The face is not painted anew: The sampler UniPC takes 3 steps." in result.left_out
