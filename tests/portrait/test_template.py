"""Template portraits: what is not replaced is not touched, by a single bit."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.identity import Identity, PhotoFact
from facechain_ext.portrait.job import Portrait
from facechain_ext.portrait.template import Guest, Settings, find_seats, make, numbered, read_canvas
from facechain_ext.portrait.template.faithful import growing

ASTRONAUT = data.astronaut()
HEAD = ASTRONAUT[:230, 110:340]


def relit(pixels, red=1.0, blue=1.0, light=1.0):
    """The same portrait in another light."""
    return np.clip(pixels * np.array([red, 1.0, blue]) * light, 0, 255).astype(np.uint8)


GUEST = Guest(photo=relit(ASTRONAUT[:, ::-1], 1.05, 0.9, 0.9))


def row(*heads, gap=0, height=256, background=120):
    """Heads side by side on a plain ground."""
    width = sum(head.shape[1] for head in heads) + gap * (len(heads) + 1)
    canvas = np.full((height, width, 3), background, np.uint8)
    x = gap
    for head in heads:
        canvas[(height - head.shape[0]) // 2 :][: head.shape[0], x : x + head.shape[1]] = head
        x += head.shape[1] + gap
    return canvas


def png(pixels, **extra):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **extra)
    return file.getvalue()


def turned(head, degrees):
    return np.asarray(Image.fromarray(head).rotate(degrees, expand=False, fillcolor=(120, 120, 120)))


def small(head, side):
    return np.asarray(Image.fromarray(head).resize((side, side), Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def three():
    return read_canvas(png(row(HEAD, HEAD[:, ::-1], relit(HEAD, 0.9, 1.1))), name="three.png")


@pytest.fixture(scope="module")
def seats(three):
    return find_seats(three.pixels)


def test_faces_are_numbered_from_the_left(three, seats):
    assert [seat.number for seat in seats] == [1, 2, 3]
    assert sorted(seat.face.box[0] for seat in seats) == [seat.face.box[0] for seat in seats]
    assert numbered(three.pixels, seats).size == (three.pixels.shape[1], three.pixels.shape[0])
    assert not np.logical_and(seats[0].mask, seats[1].mask).any()


def test_a_face_that_nobody_replaces_does_not_change_by_one_bit(three, seats):
    done = make(three, {2: GUEST}, seats=seats)
    assert done.notes == ()
    assert done.changed[seats[1].mask].mean() > 0.5
    for seat in (seats[0], seats[2]):
        left, top, right, bottom = (int(side) for side in seat.face.box)
        assert np.array_equal(done.pixels[top:bottom, left:right], three.pixels[top:bottom, left:right])
    assert np.array_equal(done.pixels[~seats[1].mask], three.pixels[~seats[1].mask])


def test_keep_and_pixelate(three, seats):
    done = make(three, {1: "pixelate", 2: "keep"}, seats=seats)
    assert done.changed[seats[0].mask].mean() > 0.9
    assert not done.changed[seats[1].mask].any()
    left, top, right, bottom = (int(side) for side in seats[0].face.box)
    mosaic = done.pixels[top:bottom, left:right].reshape(-1, 3)
    assert len(np.unique(mosaic, axis=0)) < 0.2 * len(
        np.unique(three.pixels[top:bottom, left:right].reshape(-1, 3), axis=0)
    )


@pytest.mark.parametrize(
    "scene",
    [
        row(HEAD, HEAD[:, ::-1]),
        row(HEAD[:, 75:], HEAD),  # cut by the border
        row(turned(HEAD, 60), HEAD, gap=40),
        row(HEAD, small(HEAD, 74), gap=120, height=520),  # a face of some 30 pixels, as in a mirror
        row(*[small(HEAD, 150)] * 10, gap=10),
    ],
    ids=["touching", "cut", "leaning", "tiny", "ten"],
)
def test_every_scene_leaves_what_is_not_a_face(scene):
    canvas = read_canvas(png(scene), name="scene.png")
    seats = find_seats(canvas.pixels)
    assert len(seats) >= 2
    done = make(canvas, {seat.number: GUEST for seat in seats}, seats=seats)
    union = np.any([seat.mask for seat in seats], axis=0)
    assert not done.changed[~union].any()
    assert done.changed.any()


def seam(before, after, mask):
    """Mean difference of the gradients of two pictures along the border of a mask."""
    edge = mask ^ (np.roll(mask, 1, 0) & np.roll(mask, -1, 0) & np.roll(mask, 1, 1) & np.roll(mask, -1, 1) & mask)
    total = 0.0
    for axis in (0, 1):
        total += np.abs(
            np.diff(after.astype(float), axis=axis, prepend=0) - np.diff(before.astype(float), axis=axis, prepend=0)
        )[edge].mean()
    return total


def test_the_seam_is_a_third_of_a_plain_pastes(three, seats):
    seat = seats[0]
    other = relit(three.pixels, 1.2, 0.7, 0.8)
    pasted = np.where(seat.mask[..., None], other, three.pixels)
    blended = make(three, {1: GUEST}, seats=seats).pixels
    assert seam(three.pixels, blended, seat.mask) * 3 < seam(three.pixels, pasted, seat.mask)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_size_alpha_profile_and_orientation_are_kept(tmp_path, orientation):
    stored = row(HEAD)
    upright_to_stored = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    stored = np.ascontiguousarray(np.rot90(stored, upright_to_stored))
    alpha = np.random.default_rng(0).integers(1, 255, stored.shape[:2], np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a template"
    file = io.BytesIO()
    picture = Image.fromarray(np.dstack([stored, alpha]))
    picture.save(file, "PNG", exif=exif.tobytes(), icc_profile=b"a profile")
    canvas = read_canvas(file.getvalue(), name="template.png")
    seats = find_seats(canvas.pixels)
    done = make(canvas, {1: "pixelate"}, seats=seats)
    canvas.save(done.pixels, tmp_path / "out.png")
    back = Image.open(tmp_path / "out.png")
    assert back.info["icc_profile"] == b"a profile"
    assert back.getexif()[0x0112] == orientation
    assert back.getexif()[0x010E] == "a template"
    pixels = np.asarray(back)
    assert pixels.shape == (*stored.shape[:2], 4)
    assert np.array_equal(pixels[..., 3], alpha)
    differs = (pixels[..., :3] != stored).any(-1)
    assert 0 < differs.mean() < 0.5
    canvas.save(canvas.pixels, tmp_path / "same.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "same.png"))[..., :3], stored)


def test_nothing_is_overwritten(three, tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"mine")
    with pytest.raises(PhotoError, match="not overwritten"):
        three.save(three.pixels, path)
    assert path.read_bytes() == b"mine"


def gif():
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gif(), "animated"),
        (png(np.zeros((1, 1, 3), np.uint8)), "1x1"),
        (b"no picture", "picture"),
    ],
)
def test_bad_templates_are_refused(content, message):
    with pytest.raises(PhotoError, match=message):
        read_canvas(content, name="bad")


def test_bad_orders_are_refused(three, seats):
    with pytest.raises(PhotoError, match=r"no face number 4.*3 faces"):
        make(three, {4: GUEST}, seats=seats)
    with pytest.raises(PhotoError, match="own photo"):
        make(three, {1: Guest(photo=three.pixels)}, seats=seats)
    with pytest.raises(HostError, match="checkpoint"):
        make(three, {1: GUEST}, Settings(quality="standard"), seats=seats)
    with pytest.raises(PhotoError, match="No face"):
        find_seats(np.full((200, 200, 3), 90, np.uint8))


def test_a_guest_without_a_face_leaves_the_template_and_says_so(three, seats):
    nobody = Guest(photo=np.full((200, 200, 3), 90, np.uint8))
    done = make(three, {1: nobody, 2: GUEST}, seats=seats)
    assert not done.changed[seats[0].mask].any()
    assert done.changed[seats[1].mask].any()
    assert any(note.startswith("Face 1") for note in done.notes)


class Painter:
    """A host that paints everything in one colour where it may, and remembers what it was asked for."""

    name = "painter"

    def __init__(self):
        self.jobs = []

    def generate(self, job, *, progress=None):
        self.jobs.append(job)
        if job.inpaint is None:
            return [Portrait(Image.fromarray(small(HEAD, job.width)), job.seed, "")]
        painted = Image.new("RGB", (job.width, job.height), (200, 30, 40))
        return [Portrait(Image.composite(painted, job.inpaint.picture, job.inpaint.mask), job.seed, "")]


def somebody():
    """A person without a photo to fuse, so that what is seen is what was painted."""
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    return Guest(Identity(torch.zeros(1, 4, 8), torch.ones(1, 8), grey, grey[0], (fact,), (1.0,), "encoder", "Anna"))


def test_the_published_passes_with_their_numbers(three, seats):
    host = Painter()
    kinds = frozenset({"openpose", "openpose_face", "canny"})
    done = make(three, {2: somebody()}, Settings(quality="faithful", controls=kinds), host=host, seats=seats)
    assert done.notes == ()
    assert [job.people[0].strength for job in host.jobs] == [0.5, 0.55, 0.55]
    assert [job.inpaint and job.inpaint.denoise for job in host.jobs] == [None, 0.6, 0.1]
    asked = [[(unit.kind, unit.weight) for unit in job.controls] for job in host.jobs]
    assert asked == [
        [("openpose", 1.0)], [("openpose_face", 1.0), ("canny", 0.2)], [("openpose_face", 0.8), ("canny", 0.8)]
    ]  # fmt: skip
    mask = growing(seats[1]) & ~seats[0].mask & ~seats[2].mask
    assert not done.changed[~mask].any()
    assert (done.pixels[mask] == (200, 30, 40)).all(-1).mean() > 0.5
    lines = np.asarray(host.jobs[1].controls[1].picture)
    assert lines.any()
    assert not lines[np.asarray(host.jobs[1].inpaint.mask) >= 128].any()


def test_without_controlnet_and_without_a_face_the_passes_go_on_and_say_so(three, seats):
    host = Painter()
    host.generate = lambda job, **_: [Portrait(Image.new("RGB", (job.width, job.height), "white"), 0, "")]
    done = make(three, {1: somebody(), 3: somebody()}, Settings(quality="faithful"), host=host, seats=seats)
    assert "without ControlNet for openpose, openpose_face, canny" in done.notes[0]
    assert not done.changed[seats[1].mask].any()
    assert done.changed[seats[0].mask].any()
    assert done.changed[seats[2].mask].any()


def test_the_mask_grows_more_below_the_eyes(seats):
    seat = seats[0]
    grown = growing(seat) & ~seat.mask
    eyes = int(seat.face.landmarks[:2, 1].max())
    rows = np.nonzero(grown)[0]
    assert grown[seat.mask].sum() == 0
    assert (rows > eyes).sum() > (rows <= eyes).sum()
