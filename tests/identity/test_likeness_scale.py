"""Labels of likeness: every label occurs, in rising order, on the scale of each network."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import InputError
from facechain_ext.identity.likeness_scale import (
    LIKENESS_LABELS,
    LIKENESS_THRESHOLDS,
    Likeness,
    likeness_label,
    read_judge,
)
from facechain_ext.identity.likeness_scorer import rank_by_likeness


@pytest.mark.parametrize("encoder", [*LIKENESS_THRESHOLDS, "an encoder without a scale"])
def test_likeness_rises_through_all_labels(encoder):
    labels = [likeness_label(cosine, encoder) for cosine in np.linspace(-1, 1, 201)]
    assert list(dict.fromkeys(labels)) == list(LIKENESS_LABELS)
    assert "by FaceNet" in str(Likeness(0.7, "FaceNet"))
    assert "also put the face in" in str(Likeness(0.7, "TransFace", independent=False))


@pytest.mark.parametrize(
    ("far", "doubtful", "words", "alike", "stranger"),
    [
        (0.31, False, "distance 0.31, same person, by dlib", True, False),
        (0.55, False, "distance 0.55, unsure, by dlib", False, False),
        (0.72, False, "distance 0.72, someone else, by dlib", False, True),
        (0.31, True, "distance 0.31, no verdict, by dlib", False, False),
        (0.72, True, "distance 0.72, no verdict, by dlib", False, True),
    ],
)
def test_a_distance_has_words_of_its_own_and_is_no_cosine(far, doubtful, words, alike, stranger):
    found = Likeness(far, "dlib", doubtful=doubtful)
    assert (str(found), found.is_alike, found.is_someone_else, found.cosine) == (words, alike, stranger, None)


@pytest.mark.parametrize(("encoder", "order"), [("dlib", [1, 2, 0, 3]), ("ArcFace", [0, 2, 1, 3])])
def test_the_most_alike_comes_first_on_either_scale(encoder, order):
    scores = [Likeness(0.7, encoder), Likeness(0.3, encoder), Likeness(0.5, encoder), None]
    assert rank_by_likeness(scores) == order


def test_a_judge_is_read_however_it_is_spelt_and_a_stranger_is_refused():
    assert [read_judge(text) for text in (" DLib", "SFace", "auto", "")] == ["dlib", "sface", "auto", ""]
    with pytest.raises(InputError, match="called Bob; choose auto, arcface, facenet, sface, dlib, transface"):
        read_judge("Bob")
