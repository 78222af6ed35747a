"""The faithful quality: the published passes and their numbers."""

from __future__ import annotations

import numpy as np
from PIL import Image

from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.template import Settings, make
from facechain_ext.recipes.template.qualities import QUALITIES
from tests.recipes.template.painters import Painter
from tests.recipes.template.portraits import somebody


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
