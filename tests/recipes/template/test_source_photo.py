"""The photo that a blend takes of several, and the sentences on one that does not suit the template."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from facechain_ext.errors import PhotoError
from facechain_ext.faces import choose_face, detector
from facechain_ext.recipes.template import FaceSource, TemplateFace, make, read_template
from facechain_ext.recipes.template.source_photo import choose_photo, doubts_before, photo_notes, result_doubts
from tests.recipes.template.portraits import png, somebody

ASTRONAUT = data.astronaut()
FACE = choose_face(detector().detect(ASTRONAUT))
NOTHING = np.zeros(ASTRONAUT.shape[:2], np.bool_)


def target(yaw):
    return TemplateFace(3, replace(FACE, yaw=yaw), NOTHING, NOTHING)


class Poses:
    """Finds the face of the portrait in every picture, turned by what its first pixel says."""

    name = "poses"

    def detect(self, pixels):
        return [] if pixels[0, 0, 0] == 255 else [replace(FACE, yaw=float(pixels[0, 0, 0]))]


def photo(yaw):
    pixels = ASTRONAUT.copy()
    pixels[0, 0] = yaw
    return pixels


def person(*yaws, **changes):
    one = somebody()
    count = len(yaws)
    identity = replace(
        one.identity,
        face_tokens=one.identity.face_tokens.repeat(count, 1, 1),
        embeddings=one.identity.embeddings.repeat(count, 1),
        aligned=np.repeat(one.identity.aligned, count, 0),
        photos=one.identity.photos * count,
        weights=(1.0,) * count,
        thumbnail=photo(7),
        heads=np.stack([photo(yaw) for yaw in yaws]),
    )
    return FaceSource(replace(identity, **changes))


@pytest.mark.parametrize(("yaw", "number"), [(2.0, 1), (28.0, 2), (60.0, 3)])
def test_of_several_photos_the_nearest_in_pose_is_taken_and_said(yaw, number):
    chosen = choose_photo(person(0, 30, 50), ASTRONAUT, target(yaw), Poses())
    assert (chosen.number, chosen.count) == (number, 3)
    (note,) = photo_notes(chosen, target(yaw))
    assert note.startswith(f"Face 3: photo {number} of 3 is used")


def test_photos_without_a_face_are_passed_over_and_a_mix_uses_its_thumbnail():
    assert choose_photo(person(255, 30), ASTRONAUT, target(0.0), Poses()).number == 2
    with pytest.raises(PhotoError, match="No face was found"):
        choose_photo(person(255, 255), ASTRONAUT, target(0.0), Poses())
    with pytest.raises(PhotoError, match="no photo of the person"):
        choose_photo(FaceSource(), ASTRONAUT, target(0.0), Poses())
    mixed = person(0, 30, blend=((0.5, 0.5), (0.5, 0.5)))
    chosen = choose_photo(mixed, ASTRONAUT, target(0.0), Poses())
    assert (chosen.count, chosen.face.yaw) == (1, 7.0)
    assert photo_notes(chosen, target(0.0)) == []


@pytest.mark.parametrize(
    ("source", "yaw", "doubtful"),
    [
        (FaceSource(photo=photo(0)), 45.0, False),
        (FaceSource(photo=photo(0)), -46.0, True),
        (person(0, 10), 44.0, False),
        (person(0, 10), 46.0, True),
    ],
    ids=["one within", "one beyond", "several within", "several beyond"],
)
def test_a_pose_too_far_away_offers_the_quality_standard(source, yaw, doubtful):
    found = result_doubts(choose_photo(source, ASTRONAUT, target(yaw), Poses()), target(yaw))
    assert bool(found) == doubtful
    assert all("standard" in sentence and sentence.startswith("Face 3") for sentence in found)


@pytest.mark.parametrize("yaw", [-57.0, 57.0])
def test_a_template_in_profile_is_doubtful_with_a_photo_that_seems_near_too(yaw):
    near = choose_photo(person(30), ASTRONAUT, target(abs(yaw)), Poses())
    assert near.turn < 45
    (doubt,) = result_doubts(near, target(yaw))
    assert "from the side" in doubt
    assert "standard" in doubt


def test_what_will_suffer_is_said_before_and_with_the_result():
    masked = ASTRONAUT.copy()
    masked[130:170, 190:260] = 20
    canvas = read_template(png(ASTRONAUT[:, ::-1]), name="mirror.png")
    from facechain_ext.recipes.template import find_template_faces

    targets = find_template_faces(canvas.pixels)
    actions = {1: FaceSource(photo=masked)}
    before = doubts_before(canvas.pixels, targets, actions, detector())
    assert len(before) == 1
    assert "a mask" in before[0]
    done = make(canvas, actions, targets=targets)
    assert before[0] in done.notes
    assert done.doubtful == (1,)
    assert done.left_out == ()
    assert doubts_before(canvas.pixels, targets, {1: "pixelate"}, detector()) == []
