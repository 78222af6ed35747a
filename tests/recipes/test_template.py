"""Template portraits: what is not replaced is not touched, by a single bit."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from facechain_ext.errors import Cancelled, HostError, PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.identity import Identity, PhotoFact
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.template import (
    FaceSource,
    Settings,
    draw_face_numbers,
    find_template_faces,
    make,
    read_template,
)
from facechain_ext.recipes.template.actions import photo_source
from facechain_ext.recipes.template.crop import match_color
from facechain_ext.recipes.template.qualities import QUALITIES

ASTRONAUT = data.astronaut()
HEAD = ASTRONAUT[:230, 110:340]


def relit(pixels, red=1.0, blue=1.0, light=1.0):
    """The same portrait in another light."""
    return np.clip(pixels * np.array([red, 1.0, blue]) * light, 0, 255).astype(np.uint8)


SOURCE = FaceSource(photo=relit(ASTRONAUT[:, ::-1], 1.05, 0.9, 0.9))


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
    return read_template(png(row(HEAD, HEAD[:, ::-1], relit(HEAD, 0.9, 1.1))), name="three.png")


@pytest.fixture(scope="module")
def targets(three):
    return find_template_faces(three.pixels)


def test_faces_are_numbered_from_the_left(three, targets):
    assert [target.number for target in targets] == [1, 2, 3]
    assert sorted(target.face.box[0] for target in targets) == [target.face.box[0] for target in targets]
    assert draw_face_numbers(three.pixels, targets).size == (three.pixels.shape[1], three.pixels.shape[0])
    assert not np.logical_and(targets[0].mask, targets[1].mask).any()


def test_a_face_that_nobody_replaces_does_not_change_by_one_bit(three, targets):
    done = make(three, {2: SOURCE}, targets=targets)
    assert done.notes == ()
    assert done.changed[targets[1].mask].mean() > 0.5
    for target in (targets[0], targets[2]):
        left, top, right, bottom = (int(side) for side in target.face.box)
        assert np.array_equal(done.pixels[top:bottom, left:right], three.pixels[top:bottom, left:right])
    assert np.array_equal(done.pixels[~targets[1].mask], three.pixels[~targets[1].mask])


def test_keep_and_pixelate(three, targets):
    done = make(three, {1: "pixelate", 2: "keep"}, targets=targets)
    assert done.changed[targets[0].mask].mean() > 0.9
    assert not done.changed[targets[1].mask].any()
    left, top, right, bottom = (int(side) for side in targets[0].face.box)
    mosaic = done.pixels[top:bottom, left:right].reshape(-1, 3)
    assert len(np.unique(mosaic, axis=0)) < 0.2 * len(
        np.unique(three.pixels[top:bottom, left:right].reshape(-1, 3), axis=0)
    )


FACE = HEAD[:, 69:161]
"""The portrait cut to the box of its face, so that two side by side have boxes that touch."""


def gap(targets):
    return targets[1].face.box[0] - targets[0].face.box[2]


SCENES = {
    "neighbours": (row(HEAD, HEAD[:, ::-1]), 2, lambda targets: gap(targets) > 20),
    "touching boxes": (row(FACE, FACE[:, ::-1]), 2, lambda targets: gap(targets) < 3),
    "cut by the border": (row(HEAD[:, 75:], HEAD), 2, lambda targets: targets[0].face.box[0] < 2),
    "leaning by 60 degrees": (row(turned(HEAD, 60), HEAD, gap=40), 2, lambda targets: targets[0].face.roll < -50),
    "30 pixels, in a mirror": (
        row(HEAD, small(HEAD, 74)[:, ::-1], gap=120, height=520), 2, lambda targets: 25 < targets[1].face.width < 36,
    ),
    "ten": (row(*[small(HEAD, 150)] * 10, gap=10), 10, lambda _seats: True),
}  # fmt: skip


@pytest.fixture(scope="module", params=SCENES)
def scene(request):
    """A composed picture, its faces, and those faces replaced but for the last one."""
    pixels, count, holds = SCENES[request.param]
    canvas = read_template(png(pixels), name="scene.png")
    targets = find_template_faces(canvas.pixels)
    assert len(targets) == count
    assert holds(targets)
    return (
        canvas,
        targets,
        make(canvas, {target.number: SOURCE for target in targets[:-1]}, targets=targets),
    )


def test_every_scene_leaves_what_is_not_a_face(scene):
    canvas, targets, done = scene
    assert done.notes == ()
    union = np.any([target.mask for target in targets[:-1]], axis=0)
    assert np.array_equal(done.pixels[~union], canvas.pixels[~union])
    for target in targets[:-1]:
        assert done.changed[target.mask].any()


def test_in_every_scene_the_face_that_nobody_replaces_stays(scene):
    canvas, targets, done = scene
    kept = targets[-1].mask
    assert kept.any()
    assert np.array_equal(done.pixels[kept], canvas.pixels[kept])


@pytest.mark.parametrize("size", [(256, 256), (256, 1500), (1500, 256), (3000, 2000)])
def test_templates_of_every_size_stay_as_they_are_outside(tmp_path, size):
    face = small(HEAD, round(0.8 * min(size)))
    pixels = np.full((*size, 3), 120, np.uint8)
    pixels[: len(face), : len(face)] = face
    canvas = read_template(png(pixels), name="sized.png")
    targets = find_template_faces(canvas.pixels)
    done = make(canvas, {1: SOURCE}, targets=targets)
    canvas.save(done.pixels, tmp_path / "out.png")
    out = np.asarray(Image.open(tmp_path / "out.png"))
    assert out.shape == pixels.shape
    assert np.array_equal(out[~targets[0].mask], pixels[~targets[0].mask])
    assert not np.array_equal(out[targets[0].mask], pixels[targets[0].mask])


LARGE = """
import resource, sys
import numpy as np
from PIL import Image
from skimage import data
from facechain_ext.recipes.template import FaceSource, find_template_faces, make, read_template
portrait = data.astronaut()
folder = sys.argv[1]
find_template_faces(portrait)  # the models are loaded, and what they need at their first use
make(read_template(open(folder + "/small.png", "rb").read()), {1: FaceSource(photo=portrait[:, ::-1])})
before = int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
template = read_template(open(folder + "/large.png", "rb").read())
targets = find_template_faces(template.pixels)
done = make(template, {target.number: FaceSource(photo=portrait[:, ::-1]) for target in targets}, targets=targets)
outside = ~np.any([target.mask for target in targets], axis=0)
same = bool(np.array_equal(done.pixels[outside], template.pixels[outside])) and bool(done.changed.any())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(targets), same, (peak - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it")
def test_the_largest_template_takes_less_than_two_gigabytes(tmp_path):
    big = np.full((6000, 6000, 3), 120, np.uint8)
    for x, y in ((200, 300), (3100, 300), (1600, 3200)):
        big[y : y + 2600, x : x + 2600] = small(HEAD, 2600)
    Image.fromarray(big).save(tmp_path / "large.png", compress_level=1)
    Image.fromarray(small(ASTRONAUT, 400)).save(tmp_path / "small.png")
    done = subprocess.run([sys.executable, "-c", LARGE, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    count, same, megabytes = done.stdout.split()[-3:]
    assert (count, same) == ("3", "True")
    assert float(megabytes) < 2048


def seam(before, after, mask):
    """Mean difference of the gradients of two pictures along the border of a mask."""
    edge = mask ^ (np.roll(mask, 1, 0) & np.roll(mask, -1, 0) & np.roll(mask, 1, 1) & np.roll(mask, -1, 1) & mask)
    total = 0.0
    for axis in (0, 1):
        total += np.abs(
            np.diff(after.astype(float), axis=axis, prepend=0) - np.diff(before.astype(float), axis=axis, prepend=0)
        )[edge].mean()
    return total


def test_the_seam_is_a_third_of_a_plain_pastes(three, targets):
    target = targets[0]
    other = relit(three.pixels, 1.2, 0.7, 0.8)
    pasted = np.where(target.mask[..., None], other, three.pixels)
    blended = make(three, {1: SOURCE}, targets=targets).pixels
    assert seam(three.pixels, blended, target.mask) * 3 < seam(three.pixels, pasted, target.mask)


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
    canvas = read_template(file.getvalue(), name="template.png")
    targets = find_template_faces(canvas.pixels)
    done = make(canvas, {1: "pixelate"}, targets=targets)
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
        read_template(content, name="bad")


def test_bad_orders_are_refused(three, targets):
    with pytest.raises(PhotoError, match=r"no face number 4.*3 faces"):
        make(three, {4: SOURCE}, targets=targets)
    with pytest.raises(PhotoError, match="own photo"):
        make(three, {1: FaceSource(photo=three.pixels)}, targets=targets)
    with pytest.raises(HostError, match="checkpoint"):
        make(three, {1: SOURCE}, Settings(quality="standard"), targets=targets)
    with pytest.raises(PhotoError, match="No face"):
        find_template_faces(np.full((200, 200, 3), 90, np.uint8))


def test_a_guest_without_a_face_leaves_the_template_and_says_so(three, targets):
    nobody = FaceSource(photo=np.full((200, 200, 3), 90, np.uint8))
    done = make(three, {1: nobody, 2: SOURCE}, targets=targets)
    assert not done.changed[targets[0].mask].any()
    assert done.changed[targets[1].mask].any()
    assert any(note.startswith("Face 1") for note in done.notes)


class Painter:
    """A host that paints everything in one colour where it may, and remembers what it was asked for."""

    name = "painter"

    def __init__(self):
        self.jobs = []

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        if job.inpaint is None:
            return [Portrait(Image.fromarray(small(HEAD, job.width)), job.seed, "")]
        made = []
        for seed in range(job.seed, job.seed + job.count):
            painted = Image.new("RGB", (job.width, job.height), (200, 30, 40 + seed))
            made.append(Portrait(Image.composite(painted, job.inpaint.picture, job.inpaint.mask), seed, ""))
        return made


def somebody():
    """A person without a photo to fuse, so that what is seen is what was painted."""
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    return FaceSource(
        Identity(torch.zeros(1, 4, 8), torch.ones(1, 8), grey, grey[0], (fact,), (1.0,), "encoder", "Anna")
    )


def test_the_published_passes_with_their_numbers(three, targets):
    host = Painter()
    kinds = frozenset({"openpose", "openpose_face", "canny"})
    done = make(three, {2: somebody()}, Settings(quality="faithful", controls=kinds), host=host, targets=targets)
    assert done.notes == ()
    assert [job.people[0].strength for job in host.jobs] == [0.5, 0.55, 0.55]
    assert [job.inpaint and job.inpaint.denoise for job in host.jobs] == [None, 0.6, 0.1]
    asked = [[(unit.kind, unit.weight) for unit in job.controls] for job in host.jobs]
    assert asked == [
        [("openpose", 1.0)], [("openpose_face", 1.0), ("canny", 0.2)], [("openpose_face", 0.8), ("canny", 0.8)]
    ]  # fmt: skip
    mask = QUALITIES["faithful"].mask(targets[1], Settings()) & ~targets[0].mask & ~targets[2].mask
    assert not done.changed[~mask].any()
    assert (np.abs(done.pixels[mask].astype(int) - (200, 30, 42)) <= 1).all(-1).mean() > 0.5
    lines = np.asarray(host.jobs[1].controls[1].picture)
    assert lines.any()
    assert not lines[np.asarray(host.jobs[1].inpaint.mask) >= 128].any()


def test_what_is_doubtful_about_the_photo_of_a_guest_is_said(three, targets):
    guest = somebody()
    blurred = replace(guest, identity=replace(guest.identity, notes=("The face is blurred.",)))
    done = make(three, {2: blurred}, Settings(quality="standard"), host=Painter(), targets=targets)
    assert "Face 2: The face is blurred." in done.notes
    assert done.left_out == ()


@pytest.mark.parametrize(
    ("spoil", "word"),
    [(lambda pixels: pixels // 16, "too dark"), (lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 4), "blurred"),
     (lambda pixels: pixels, None)],
)  # fmt: skip
def test_the_instant_quality_says_what_is_doubtful_about_a_photo(three, targets, spoil, word):
    photo = read_picture(np.ascontiguousarray(spoil(ASTRONAUT)))
    done = make(three, {2: photo_source(photo, None)}, targets=targets)
    said = [note for note in done.notes if "a better photo gives a better likeness" in note]
    assert (word is None and said == []) or any(note.startswith("Face 2: ") and word in note for note in said)


def test_without_controlnet_and_without_a_face_the_passes_go_on_and_say_so(three, targets):
    host = Painter()
    host.generate = lambda job, **_: [Portrait(Image.new("RGB", (job.width, job.height), "white"), 0, "")]
    done = make(three, {1: somebody(), 3: somebody()}, Settings(quality="faithful"), host=host, targets=targets)
    assert "without ControlNet for openpose, openpose_face, canny" in done.notes[0]
    assert not done.changed[targets[1].mask].any()
    assert done.changed[targets[0].mask].any()
    assert done.changed[targets[2].mask].any()


def test_where_the_first_pass_shows_no_face_the_templates_gives_the_pose(three, targets):
    host = Painter()
    paint = host.generate
    white = Image.new("RGB", (64, 64), "white")

    def generate(job, **more):
        made = paint(job, **more)
        if job.inpaint is None:
            made = [Portrait(white.resize((job.width, job.height)), 0, "")]
        return made

    host.generate = generate
    kinds = frozenset({"openpose", "openpose_face", "canny"})
    done = make(three, {2: somebody()}, Settings(quality="faithful", controls=kinds), host=host, targets=targets)
    free, inpaint, refinement = host.jobs
    assert [unit.kind for unit in inpaint.controls] == [unit.kind for unit in refinement.controls]
    assert np.array_equal(np.asarray(inpaint.controls[0].picture), np.asarray(free.controls[0].picture))
    (note,) = done.notes
    assert note == "Face 2: the first pass showed no face, so the pose is the template's own face's."


def test_the_mask_grows_more_below_the_eyes(targets):
    target = targets[0]
    surroundings = QUALITIES["faithful"].mask(target, Settings()) & ~target.mask
    eyes = int(target.face.landmarks[:2, 1].max())
    rows = np.nonzero(surroundings)[0]
    assert surroundings[target.mask].sum() == 0
    assert (rows > eyes).sum() > (rows <= eyes).sum()


def standard(**changes):
    return Settings(quality="standard", match=False, **changes)


def test_standard_paints_each_face_once_at_the_side_it_deserves(three, targets):
    host = Painter()
    done = make(three, {1: somebody(), 3: somebody()}, standard(), host=host, targets=targets)
    assert [(job.width, job.count, job.inpaint.denoise, job.people[0].strength) for job in host.jobs] == [
        (512, 1, 0.6, 0.55)
    ] * 2
    assert all(job.people[0].region.max() == 1 for job in host.jobs)
    assert not done.changed[targets[1].mask].any()
    large = read_template(png(np.repeat(np.repeat(HEAD, 8, 0), 8, 1)), name="large.png")
    make(large, {1: somebody()}, standard(), host=host)
    assert host.jobs[-1].width == 1024


def test_the_mask_grows_as_asked_and_takes_the_hair_along(three):
    def changed(hair, growth):
        found = find_template_faces(three.pixels, hair=hair)
        done = make(three, {2: somebody()}, standard(growth=growth), host=Painter(), targets=found)
        assert not done.changed[found[0].mask | found[2].mask].any()
        return done.changed.sum()

    assert changed(hair=False, growth=0.2) > 1.2 * changed(hair=False, growth=0.02)
    assert changed(hair=True, growth=0.02) > 1.2 * changed(hair=False, growth=0.02)


class Bluest:
    """Finds a picture the more like the bluer its middle is."""

    def likeness(self, picture, identity):
        return Likeness(picture.getpixel((picture.width // 2, picture.height // 2))[2] / 255, "ArcFace")


class Interrupted(Painter):
    """Ends in the middle of its generation number ``at`` and of every later one, as an interrupted webui does not."""

    def __init__(self, at, keeps=0):
        super().__init__()
        self.at, self.keeps = at, keeps

    def generate(self, job, *, progress=None, ready=None):
        made = super().generate(job)
        return made[: self.keeps] if len(self.jobs) == self.at else made


@pytest.mark.parametrize(("quality", "passes"), [("standard", 1), ("faithful", 3)])
def test_an_interrupt_ends_the_whole_run_and_keeps_the_faces_that_are_finished(three, targets, quality, passes):
    everybody = {number: somebody() for number in (1, 2, 3)}
    settings = Settings(quality=quality, match=False)
    host = Interrupted(at=passes + 1)
    done = make(three, everybody, settings, host=host, targets=targets)
    assert len(host.jobs) == passes + 1, "nothing is begun after the interrupt"
    assert done.stopped
    assert done.left_out[-1] == "Stopped: faces 2 and 3 are left as they were."
    assert done.changed[targets[0].mask].any()
    assert not done.changed[targets[1].mask | targets[2].mask].any()
    with pytest.raises(Cancelled, match="nothing is kept"):
        make(three, everybody, settings, host=Interrupted(at=passes), targets=targets)


def test_what_is_finished_when_the_host_fails_is_kept_and_the_failure_is_named(three, targets):
    class Fails(Painter):
        def generate(self, job, *, progress=None, ready=None):
            if len(self.jobs) == 1:
                raise HostError("Out of memory.")
            return super().generate(job)

    everybody = {number: somebody() for number in (1, 2, 3)}
    done = make(three, everybody, standard(), host=Fails(), targets=targets)
    assert done.left_out == ("Face 2 and those after it are left as they are: Out of memory.",)
    assert done.changed[targets[0].mask].any()
    assert not done.changed[targets[1].mask | targets[2].mask].any()
    broken = Fails()
    broken.jobs.append("an earlier one")
    with pytest.raises(HostError, match="Out of memory"):
        make(three, everybody, standard(), host=broken, targets=targets)


def test_the_tries_that_are_finished_when_it_is_interrupted_count(three, targets):
    host = Interrupted(at=1, keeps=2)
    done = make(
        three,
        {1: somebody(), 2: somebody()},
        standard(count=4),
        host=host,
        targets=targets,
        scorer=Bluest(),
    )
    assert len(host.jobs) == 1
    assert done.left_out == ("Stopped: face 2 is left as it was.",)
    assert any(note.startswith("Face 1: the most like of 2") for note in done.notes)


class Steps(Painter):
    """Tells of each step of each of its generations from the first to the last, and stops where it is told to."""

    def generate(self, job, *, progress=None, ready=None):
        total = job.count * job.steps
        for step in range(total + 1):
            if not progress(step, total):
                self.jobs.append(job)
                return []
        return super().generate(job)


@pytest.mark.parametrize("quality", ["instant", "standard", "faithful"])
def test_progress_counts_the_whole_recipe_once(three, targets, quality):
    nobody = FaceSource(photo=np.full((200, 200, 3), 90, np.uint8))  # left out, and counted all the same
    who = {1: SOURCE, 2: "pixelate", 3: nobody} if quality == "instant" else {1: somebody(), 2: somebody(), 3: SOURCE}
    reports = []
    settings = Settings(quality=quality, match=False, steps=10)
    make(
        three,
        who,
        settings,
        host=Steps(),
        targets=targets,
        progress=lambda *now: reports.append(now) is None,
    )
    shares = [done / total for done, total in reports]
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares == sorted(shares)
    assert len({total for _, total in reports}) == 1
    if quality != "instant":
        assert len(set(shares)) > 10


def test_progress_that_says_no_stops_at_the_next_step(three, targets):
    host, asked = Steps(), []

    def until_the_second_face(done, total):
        asked.append(done / total)
        return asked[-1] < 0.7

    done = make(three, dict.fromkeys((1, 2), somebody()), standard(), host=host, targets=targets,
                progress=until_the_second_face)  # fmt: skip
    assert len(host.jobs) == 2
    assert done.stopped
    assert done.changed[targets[0].mask].any()
    assert not done.changed[targets[1].mask].any()
    assert sum(share >= 0.7 for share in asked) <= 2


@pytest.mark.parametrize("quality", ["standard", "faithful"])
def test_of_several_tries_the_most_like_is_taken(three, targets, quality):
    settings = Settings(quality=quality, match=False, count=3, seed=10)
    host = Painter()
    done = make(three, {1: somebody()}, settings, host=host, targets=targets, scorer=Bluest())
    if quality == "standard":
        assert [job.count for job in host.jobs] == [3]
    else:
        assert [job.seed for job in host.jobs] == [11] * 3 + [12] * 3 + [13] * 3
    assert any(note.startswith("Face 1: the most like of 3, likeness") for note in done.notes)
    middle = done.pixels[targets[0].mask & done.changed]
    assert np.median(middle[:, 2]) == 40 + 13


class White:
    """A tool that paints everything white."""

    name = "White"

    def __call__(self, picture, photo):
        return Image.new("RGB", picture.size, "white")


class Fails(White):
    name = "Broken tool"

    def __call__(self, picture, photo):
        raise PhotoError("it is broken.")


def test_tools_finish_a_new_face_inside_its_mask_and_one_that_fails_is_named(three, targets):
    done = make(three, {2: SOURCE}, targets=targets, tools=[Fails(), White()])
    assert done.notes == ("Face 2: Broken tool left it as it is: it is broken.",)
    assert (done.pixels[targets[1].mask] == 255).all(-1).mean() > 0.95
    assert not done.changed[~targets[1].mask].any()


def test_colours_are_matched_within_bounds():
    mask = np.zeros(HEAD.shape[:2], bool)
    mask[60:180, 60:170] = True
    cast = relit(HEAD, 1.05, 0.93)
    near = match_color(cast, HEAD, mask)
    off = [np.abs(one[mask].astype(float).mean(0) - HEAD[mask].mean(0)).max() for one in (cast, near)]
    assert off[1] < 0.25 * off[0]
    dark = relit(HEAD, light=0.4)
    kept = match_color(dark, HEAD, mask)[mask].mean()
    assert dark[mask].mean() < kept < 0.75 * HEAD[mask].mean(), "the complexion stays"
    assert np.array_equal(match_color(cast, HEAD, np.zeros_like(mask)), cast)


def test_the_persons_own_photo_is_no_template_in_any_file(three, targets):
    fact = PhotoFact("a.png", three.digest, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    other = replace(somebody().identity, photos=(fact,))
    with pytest.raises(PhotoError, match="own photo"):
        make(three, {1: FaceSource(other)}, standard(), host=Painter(), targets=targets)
