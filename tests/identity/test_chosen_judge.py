"""A judge of likeness that is chosen by its name: it scores, or another does and says why."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces.recognise import RECOGNISERS, dlib_resnet
from facechain_ext.identity import likeness_scorer
from facechain_ext.identity.distance_scorer import DistanceScorer
from facechain_ext.identity.likeness_scale import JUDGES, OTHER, SAME, Likeness
from facechain_ext.identity.likeness_scorer import (
    EncoderScorer,
    choose_scorer,
    mean_likeness,
    rank_by_likeness,
    remarks_of,
)
from facechain_ext.identity.photo_likeness import DescribedFace, shared_describer

PICTURE = Image.new("RGB", (8, 8))
BEN_SAYS = "The card of Ben has no head that dlib can compare with. Make it anew from the photos."


class Describer:
    """Every picture shows faces at the numbers of its corner's row in ``table``; 9 is a picture of nobody."""

    def __init__(self, table):
        self.table, self.asked = table, []

    def describe_all(self, pixels, label):
        number = int(pixels[0, 0, 0])
        self.asked.append(number)
        return [DescribedFace(label, np.array([at], np.float32), why) for at, why in self.table[number]]

    def describe_largest(self, pixels, label):
        found = self.describe_all(pixels, label)
        if not found:
            raise PhotoError("no face")
        return found[0]


class Person:
    """An identity as far as a scorer reads it, whose heads are numbers of the table."""

    def __init__(self, name, *heads, shares=None):
        self.name = self.digest = name
        self.heads = np.stack([np.full((4, 4, 3), one, np.uint8) for one in heads]) if heads else None
        self.photo_shares = shares or (1 / max(len(heads), 1),) * len(heads)


class Other:
    """Scores everybody with the same cosine."""

    def likeness(self, picture, identity):
        return Likeness(0.4, "SFace")


def scorer(picture=((0.3, ""),), **table):
    known = {0: picture, 1: ((0.0, ""),), 2: ((0.4, ""),), 3: ((0.0, "the face is 40 pixels high"),), 9: ()}
    return DistanceScorer(Describer(known | table), Other)


@pytest.mark.parametrize(
    ("picture", "person", "words"),
    [
        (((0.3, ""),), Person("Anna", 1), "distance 0.30, same person, by dlib"),
        (((5.0, ""), (0.7, "")), Person("Anna", 1), "distance 0.70, someone else, by dlib"),
        (((0.3, ""),), Person("Anna", 1, 2), "distance 0.20, same person, by dlib"),
        (((0.3, ""),), Person("Anna", 1, 2, shares=(0.75, 0.25)), "distance 0.25, same person, by dlib"),
        (((0.3, ""),), Person("Anna", 1, 2, shares=(0.0, 1.0)), "distance 0.10, same person, by dlib"),
        (((0.3, ""),), Person("Anna", 1, 9), "distance 0.30, same person, by dlib"),
        (((0.3, "turned"),), Person("Anna", 1), "distance 0.30, no verdict, by dlib"),
        (((0.3, ""),), Person("Anna", 3), "distance 0.30, no verdict, by dlib"),
    ],
)
def test_the_mean_distance_to_the_heads_by_their_shares(picture, person, words):
    assert str(scorer(picture).likeness(PICTURE, person)) == words


def test_nobody_in_the_picture_has_no_likeness_and_heads_are_described_once():
    judge, anna = scorer(()), Person("Anna", 1)
    assert [judge.likeness(PICTURE, anna) for _ in range(3)] == [None] * 3
    assert judge.describer.asked == [1, 0, 0, 0]


def test_a_card_without_heads_is_scored_by_another_network_which_says_so():
    found = scorer().likeness(PICTURE, Person("Ben"))
    assert (found.encoder, found.remark) == ("SFace", f"{BEN_SAYS} Likeness is scored by SFace instead.")


def test_the_values_of_two_networks_never_mix():
    anna, ben = Person("Anna", 1), Person("Ben")
    both = mean_likeness(scorer(), PICTURE, [anna, ben])
    assert (both.encoder, both.value, both.remark[: len(BEN_SAYS)]) == ("SFace", 0.4, BEN_SAYS)
    assert str(mean_likeness(scorer(), PICTURE, [anna, Person("Cora", 2)])) == "distance 0.20, same person, by dlib"


def test_pictures_that_are_made_are_not_lost_where_nobody_can_stand_in():
    def missing():
        raise HostError("nobody")

    judge = DistanceScorer(scorer().describer, missing)
    assert judge.likeness(PICTURE, Person("Ben")) is None
    assert mean_likeness(judge, PICTURE, [Person("Anna", 1), Person("Ben")]) is None


def test_a_judge_that_is_not_here_is_named_with_the_next_step(monkeypatch):
    monkeypatch.setattr(likeness_scorer, "_best_scorer", lambda encoder: Other())
    monkeypatch.setattr(dlib_resnet, "remedy", lambda: "Run: pip install dlib-bin")
    shared_describer.cache_clear()
    found = [choose_scorer(None, "dlib").likeness(PICTURE, Person("Anna", 1)) for _ in range(2)]
    assert remarks_of(found) == [
        "Likeness cannot be scored by dlib: Photos cannot be compared here. Run: pip install dlib-bin Likeness is "
        "scored by SFace instead."
    ]


def test_an_unknown_name_of_a_file_of_settings_costs_no_picture(monkeypatch):
    monkeypatch.setattr(likeness_scorer, "_best_scorer", lambda encoder: Other())
    found = choose_scorer(None, "Bob").likeness(PICTURE, Person("Anna", 1))
    assert found.encoder == "SFace"
    assert "no judge of likeness called Bob" in found.remark


def test_names_are_those_of_the_recognisers_and_the_encoder_may_be_chosen():
    assert ("auto", *(provider.name for provider in RECOGNISERS), "dlib", "transface") == JUDGES
    assert isinstance(choose_scorer(lambda: "the encoder", "transface"), EncoderScorer)


def test_dlib_itself_ranks_the_person_before_a_stranger(person, astronaut):
    pytest.importorskip("dlib", reason="dlib is not installed here")
    pytest.importorskip("mediapipe", reason="mediapipe is not installed here")
    matplotlib = pytest.importorskip("matplotlib", reason="its sample photo is used")
    from matplotlib import cbook

    del matplotlib
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        stranger = Image.open(file).convert("RGB")
    judge = choose_scorer(None, "dlib")
    pictures = [stranger, Image.fromarray(astronaut[:, ::-1])]
    other, same = (judge.likeness(picture, person) for picture in pictures)
    assert rank_by_likeness([other, same]) == [1, 0]
    assert same.value < SAME < OTHER < other.value
    assert other.is_someone_else
    assert same.encoder == other.encoder == "dlib"
