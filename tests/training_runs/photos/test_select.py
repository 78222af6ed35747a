"""Who is meant among the faces, and which photos are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from facechain_ext.training_runs.photos.select import FoundFace, _largest_group, choose_photos


class Cosine:
    name = "cosine"
    same = 0.5

    def embed(self, pixels, face):
        raise NotImplementedError

    def similarity(self, one, other):
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def face(photo, angle, quality=0.8):
    """A face whose vector points to ``angle`` degrees."""
    turn = np.radians(angle)
    return FoundFace(photo, np.array([np.cos(turn), np.sin(turn)], np.float32), quality)


@pytest.mark.parametrize(
    ("faces", "photos", "used"),
    [
        ([face(0, 0), face(1, 10), face(2, 90)], 3, [True, True, False]),  # one is somebody else
        ([face(0, 0), face(0, 90), face(1, 5), face(2, 95)], 3, [True, True, False]),  # two people in the first photo
        ([face(0, 0)], 2, [True, False]),  # a photo without a face
        ([face(0, 0, 0.9), face(1, 90, 0.2)], 2, [True, False]),  # strangers: the better face
        ([], 2, [False, False]),
    ],
)
def test_the_person_is_whoever_is_in_most_photos(faces, photos, used):
    choices = choose_photos(faces, photos, Cosine())
    assert [choice.use for choice in choices] == used
    assert all(choice.use or choice.reason for choice in choices)


def test_two_faces_of_one_photo_are_never_one_person():
    choices = choose_photos([face(0, 0), face(0, 1), face(1, 0.5)], 2, Cosine())
    assert [choice.face for choice in choices][1] == 2
    assert choices[0].face in (0, 1)


def test_the_best_are_kept_by_likeness_times_quality():
    faces = [face(n, 0 if n else 20, quality) for n, quality in enumerate((1.0, 0.9, 0.5, 0.8))]
    choices = choose_photos(faces, 4, Cosine(), most=2)
    assert [choice.use for choice in choices] == [True, True, False, False]
    assert choices[3].reason.startswith("not among the 2 best: rank 3")
    mean = np.mean([one.vector for one in faces], axis=0)
    for choice, one in zip(choices, faces, strict=True):
        expected = float(one.vector @ mean / np.linalg.norm(mean)) * one.quality
        assert choice.score == pytest.approx(expected, abs=1e-6)


def plainly_grouped(found, embedder):
    """The largest group by comparing every pair of groups anew after each one that is joined."""
    groups = [{number} for number in range(len(found))]
    while True:
        best, pair = embedder.same, None
        means = [np.mean([found[n].vector for n in group], axis=0) for group in groups]
        for one in range(len(groups)):
            for other in range(one):
                alike, both = embedder.similarity(means[one], means[other]), groups[one] | groups[other]
                if alike >= best and len({found[n].photo for n in both}) == len(both):
                    best, pair = alike, (one, other)
        if pair is None:
            return max(groups, key=lambda group: (len(group), sum(found[n].quality for n in group)), default=set())
        groups[pair[1]] |= groups.pop(pair[0])


@settings(max_examples=150, deadline=None)
@given(
    strategies.lists(
        strategies.builds(face, strategies.integers(0, 9), strategies.sampled_from(range(0, 360, 15))), max_size=14
    )
)
def test_the_group_is_that_of_comparing_everything_anew(faces):
    assert _largest_group(faces, Cosine()) == plainly_grouped(faces, Cosine())
