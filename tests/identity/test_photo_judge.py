"""What the second opinion says of pictures beside one photo, several, a card and a mix."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.identity.photo_judge import PhotoJudge
from facechain_ext.identity.photo_likeness import DescribedFace

PICTURE = Image.new("RGB", (8, 8))


class Describer:
    """Gives the faces of a picture by the number in its corner."""

    def __init__(self, table):
        self.table = table

    def describe_all(self, pixels, label):
        return [DescribedFace(label, np.array([at], np.float32)) for at in self.table[int(pixels[0, 0, 0])]]

    def describe_largest(self, pixels, label):
        found = self.describe_all(pixels, label)
        if not found:
            raise PhotoError("no face")
        return found[0]


class Person:
    """An identity as far as the judge reads it."""

    def __init__(self, heads=None, shares=(), blend=()):
        self.heads, self.photo_shares, self.blend = heads, shares, blend


def photo(number):
    return np.full((4, 4, 3), number, np.uint8)


@pytest.mark.parametrize(
    ("photos", "at", "words"),
    [
        ((0.0,), 0.3, "same person by dlib (0.30)"),
        ((0.0,), 0.55, "unsure by dlib (0.55)"),
        ((0.0,), 0.7, "someone else by dlib (0.70)"),
        ((0.0, 0.4), 0.3, "same person by dlib (0.10), copied"),
        ((0.0, 0.4), 0.0, "same person by dlib (0.00), copied"),
        ((0.0, 0.1), 0.45, "same person by dlib (0.35)"),
    ],
)
def test_the_nearest_photo_decides(photos, at, words):
    table = {0: (at, 5.0)} | {number: (where,) for number, where in enumerate(photos, 1)}
    judge = PhotoJudge(Describer(table))
    reference = judge.reference(Person(), [photo(number) for number in range(1, len(photos) + 1)])
    assert str(judge.check(PICTURE, reference)) == words


def test_the_face_that_was_chosen_in_the_photo_is_compared():
    judge = PhotoJudge(Describer({1: (0.0, 2.0)}))
    assert [float(one.descriptor[0]) for one in judge.reference(Person(), [photo(1)], 2)] == [2.0]
    assert judge.reference(Person(), [photo(1)], 3) == []


def test_a_card_is_compared_by_its_heads_and_a_mix_not_at_all():
    judge = PhotoJudge(Describer({0: (0.2,), 1: (0.0,), 2: (3.0,), 3: ()}))
    card = Person(np.stack([photo(1), photo(2), photo(3)]), (0.5, 0.0, 0.5))
    reference = judge.reference(card)
    assert [float(one.descriptor[0]) for one in reference] == [0.0]  # photo 2 has no weight, photo 3 no face
    assert judge.check(PICTURE, reference).distance == pytest.approx(0.2)
    assert judge.reference(Person(card.heads, card.photo_shares, blend=((0.5, 0.5),))) == []


def test_without_a_face_or_a_photo_nothing_is_said():
    judge = PhotoJudge(Describer({0: (), 1: (0.0,)}))
    assert judge.check(PICTURE, judge.reference(Person(), [photo(1)])) is None
    assert judge.check(PICTURE, []) is None
