"""Faces of a finished picture: who is matched with which, and that nothing but the matched faces changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facechain_ext.errors import Cancelled, HostError, PhotoError
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces
from facechain_ext.recipes.face_matching import match_faces
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.regions import region_mask
from facechain_ext.recipes.template import find_template_faces
from tests.recipes.template.painters import Interrupted, Painter, Steps
from tests.recipes.template.portraits import HEAD, small, somebody


def person(name, box=None, strength=0.5):
    return Person(replace(somebody().identity, name=name), strength, region=None if box is None else region_mask(box))


@pytest.fixture(scope="module")
def crowd():
    """Three people before a plain ground, the middle one smaller, each in light of another colour."""
    canvas = np.full((256, 760, 3), 120, np.uint8)
    for x, head, colour in (
        (10, HEAD, (1, 0.6, 0.6)),
        (280, small(HEAD, 180), (0.6, 1, 0.6)),
        (500, HEAD, (0.6, 0.6, 1)),
    ):
        canvas[15 : 15 + len(head), x : x + head.shape[1]] = head * np.array(colour)
    return canvas


@pytest.fixture(scope="module")
def targets(crowd):
    found = find_template_faces(crowd)
    assert len(found) == 3
    return found


class ByColour:
    """Knows a person by the colour of their light: the cosine is that colour's share of the crop's middle."""

    def __init__(self, colours, **cosines):
        self.colours, self.cosines = colours, cosines

    def likeness(self, picture, identity):
        side = picture.width
        middle = np.asarray(picture)[side // 4 : -side // 4, side // 4 : -side // 4].reshape(-1, 3).mean(0)
        wanted = self.colours.get(identity.name)
        if wanted is None:
            return None
        return Likeness(0.9 if middle.argmax() == wanted else self.cosines.get(identity.name, 0.05), "ArcFace")


SCORER = ByColour({"Red": 0, "Green": 1, "Blue": 2})
MATCHES = {
    "by the box, whatever the likeness": ([person("Red", (0.6, 0, 1, 1))], SCORER, {3: 0}, ()),
    "the largest face of a box": ([person("Red", (0.3, 0, 1, 1))], SCORER, {3: 0}, ()),
    "by order where everybody is there": (
        [person("Blue"), person("Red"), person("Green")], SCORER, {1: 0, 2: 1, 3: 2}, (),
    ),
    "by likeness where others are there": ([person("Blue"), person("Green")], SCORER, {3: 0, 2: 1}, ()),
    "a box first, then likeness": ([person("Green"), person("Red", (0.6, 0, 1, 1))], SCORER, {2: 0, 3: 1}, ()),
    "nobody with somebody else's face": ([person("Red"), person("Unknown")], SCORER, {1: 0}, (1,)),
    "the more alike of two who want one face": (
        [person("Green"), person("Red")], ByColour({"Green": 0, "Red": 0}, Green=0.3), {1: 0, 2: None}, (1,),
    ),
    "the largest where nothing scores": ([person("Red")], None, {1: 0}, ()),
    "more people than faces": ([person(str(n)) for n in range(4)], None, {1: 0, 2: 1, 3: 2}, (3,)),
}  # fmt: skip


@pytest.mark.parametrize("case", MATCHES)
def test_match_faces(crowd, targets, case):
    people, scorer, expected, unmatched = MATCHES[case]
    match = match_faces(crowd, targets, people, scorer)
    assert {number: index for number, index in expected.items() if index is not None} == dict(match.faces)
    assert match.unmatched == unmatched
    assert set(match.reasons) == set(match.faces)


def test_each_matched_face_is_painted_with_its_own_identity_strength_and_resolution(crowd, targets):
    host = Painter()
    people = [person("Blue", strength=0.9), person("Green", strength=0.3)]
    settings = replace(DETAIL_SETTINGS, prompt="by the sea", match=False, sides=(128, 256))
    result, actions = repair_faces(crowd, people, settings, host=host, scorer=SCORER)
    assert sorted(actions) == [2, 3]
    assert [(job.people[0].identity.name, job.people[0].strength) for job in host.jobs] == [
        ("Green", 0.3),
        ("Blue", 0.9),
    ]
    assert [job.prompt for job in host.jobs] == ["by the sea"] * 2
    assert all(job.inpaint.denoise == 0.4 for job in host.jobs), "ADetailer's published default"
    assert host.jobs[0].width < host.jobs[1].width <= 256
    assert result.notes == (
        "Face 2 is painted as Green, by likeness 0.90 the same person to the eye, by ArcFace.",
        "Face 3 is painted as Blue, by likeness 0.90 the same person to the eye, by ArcFace.",
    )
    assert result.changed[targets[1].mask].mean() > 0.9
    assert result.changed[targets[2].mask].mean() > 0.9
    left, top, right, bottom = (int(side) for side in targets[0].face.box)
    assert np.array_equal(result.pixels[top:bottom, left:right], crowd[top:bottom, left:right])
    assert np.array_equal(result.pixels[~result.changed], crowd[~result.changed])
    assert result.changed.mean() < 0.25


@pytest.mark.parametrize(
    ("people", "scorer", "note"),
    [
        ([person("Red", (0.6, 0, 1, 1))], SCORER, "Face 3 is painted as Red, in whose box it lies."),
        ([person("")], None, "Face 1 is painted as person 1: it is the largest, and nothing here scores likeness."),
        ([person(name) for name in "ABC"], None, "Face 1 is painted as A, by the order from the left."),
    ],
)
def test_the_notes_say_why_a_face_is_somebodys(crowd, people, scorer, note):
    result, _ = repair_faces(crowd, people, host=Painter(), scorer=scorer)
    assert result.notes[0] == note


def test_people_without_a_face_are_named_and_the_others_are_painted(crowd):
    result, actions = repair_faces(crowd, [person("Red"), person("Unknown")], host=Painter(), scorer=SCORER)
    assert sorted(actions) == [1]
    assert result.left_out == ("No face of the picture was matched with Unknown.",)
    assert result.notes[-1] == result.left_out[0]


@pytest.mark.parametrize(
    ("pixels", "people", "words"),
    [
        (np.full((300, 300, 3), 90, np.uint8), [person("Red")], "No face was found in the picture; there is nothing"),
        (None, [person("Unknown"), person("")], "the picture shows 3 faces, none of them like Unknown and person 2."),
    ],
)
def test_a_picture_with_nothing_to_repair_is_a_sentence(crowd, pixels, people, words):
    host = Painter()
    with pytest.raises(PhotoError, match=words):
        repair_faces(crowd if pixels is None else pixels, people, host=host, scorer=SCORER)
    assert host.jobs == []


def test_an_interrupt_keeps_the_faces_that_are_finished(crowd):
    people = [person("Red"), person("Green"), person("Blue")]
    result, _ = repair_faces(crowd, people, host=Interrupted(at=2), scorer=SCORER)
    assert result.stopped
    assert result.left_out == ("Stopped: faces 2 and 3 are left as they were.",)
    with pytest.raises(Cancelled):
        repair_faces(crowd, people, host=Interrupted(at=1), scorer=SCORER)


def test_progress_counts_the_whole_recipe_once(crowd):
    seen = []

    def progress(done, total):
        seen.append((done, total))
        return True

    repair_faces(crowd, [person("Red"), person("Green"), person("Blue")], host=Steps(), progress=progress)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_a_host_that_fails_raises_before_anything_is_painted(crowd):
    class Broken(Painter):
        def generate(self, job, *, progress=None, ready=None):
            raise HostError("out of memory")

    with pytest.raises(HostError, match="out of memory"):
        repair_faces(crowd, [person("Red")], host=Broken(), scorer=SCORER)
