"""The words for the person."""

from __future__ import annotations

import pytest

from facechain_ext.recipes.subject import group_words, published_subject_words, subject_of, subject_words


@pytest.mark.parametrize(
    ("gender", "years", "words"),
    [
        (None, None, "portrait of a person"),
        ("woman", None, "portrait of a woman"),
        ("man", 25, "portrait of a young man"),
        ("man", 35, "portrait of a man"),
        ("woman", 50, "portrait of a middle-aged woman"),
        (None, 70, "portrait of an elderly person"),
        (None, 2, "portrait of a toddler, a little child"),
        ("woman", 8, "portrait of a young girl"),
        ("man", 15, "portrait of a teenage boy"),
    ],
)
def test_subject_words(gender, years, words):
    assert subject_words(gender, years) == words


@pytest.mark.parametrize(
    ("gender", "years", "words"),
    [
        ("man", 5, "a boy, children"),
        ("woman", 5, "a girl, children"),
        ("woman", 25, "a beautiful woman"),
        ("woman", 45, "a mature woman"),
        ("man", 15, "a handsome man, 20-year-old"),
        ("man", 25, "a handsome man, 25-year-old"),
        ("man", 39, "a handsome man, 35-year-old"),
        ("man", 40, "a mature man"),
        ("man", None, "a handsome man"),
        (None, 30, ""),
    ],
)
def test_published_subject_words(gender, years, words):
    assert published_subject_words(gender, years) == words


@pytest.mark.parametrize(
    ("gender", "years", "subject"),
    [(None, None, "anyone"), ("man", None, "man"), ("woman", 30, "woman"), ("woman", 12, "child"), (None, 17, "child")],
)
def test_whom_a_style_must_suit(gender, years, subject):
    assert subject_of(gender, years) == subject


@pytest.mark.parametrize(
    ("words", "people", "group"),
    [
        ("portrait of a person", 1, "portrait of a person"),
        ("portrait of a person", 2, "group portrait of 2 people"),
        ("portrait of a young woman", 3, "group portrait of 3 people, a young woman"),
        ("two friends", 2, "two friends"),
        ("", 2, ""),
    ],
)
def test_the_words_for_one_become_words_for_several(words, people, group):
    assert group_words(words, people) == group
