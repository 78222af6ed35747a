"""Template portraits: what is not replaced is not touched, by a single bit."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.recipes.template import (
    FaceSource,
    Settings,
    draw_face_numbers,
    find_template_faces,
    make,
    read_template,
)
from facechain_ext.recipes.template.actions import photo_source
from tests.recipes.template.painters import Painter
from tests.recipes.template.portraits import ASTRONAUT, HEAD, SOURCE, png, relit, row, small, somebody, turned


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
    "ten": (row(*[small(HEAD, 150)] * 10, gap=10), 10, lambda _faces: True),
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


def test_bad_requests_are_refused(three, targets):
    with pytest.raises(PhotoError, match=r"no face number 4.*3 faces"):
        make(three, {4: SOURCE}, targets=targets)
    with pytest.raises(PhotoError, match="own photo"):
        make(three, {1: FaceSource(photo=three.pixels)}, targets=targets)
    with pytest.raises(HostError, match="checkpoint"):
        make(three, {1: SOURCE}, Settings(quality="standard"), targets=targets)
    with pytest.raises(PhotoError, match="No face"):
        find_template_faces(np.full((200, 200, 3), 90, np.uint8))


def test_photo_without_a_face_leaves_the_template_and_is_noted(three, targets):
    nobody = FaceSource(photo=np.full((200, 200, 3), 90, np.uint8))
    done = make(three, {1: nobody, 2: SOURCE}, targets=targets)
    assert not done.changed[targets[0].mask].any()
    assert done.changed[targets[1].mask].any()
    assert any(note.startswith("Face 1") for note in done.notes)


def test_doubts_about_a_photo_are_noted(three, targets):
    guest = somebody()
    blurred = replace(guest, identity=replace(guest.identity, notes=("The face is blurred.",)))
    done = make(three, {2: blurred}, Settings(quality="standard"), host=Painter(), targets=targets)
    assert "Face 2: The face is blurred." in done.notes
    assert done.left_out == ()


def test_a_gaze_that_closed_eyes_hide_is_noted(three, targets, monkeypatch):
    from facechain_ext.retouch.fuse import blend

    monkeypatch.setattr(blend, "gaze_doubts", lambda *_: ["the eyes look as in the photo."])
    done = make(three, {2: SOURCE}, Settings(template_gaze=True), targets=targets)
    assert "Face 2: the eyes look as in the photo." in done.notes
    assert "the eyes look" not in "".join(make(three, {2: SOURCE}, targets=targets).notes)


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
