"""Where in a prompt the person is put in."""

from __future__ import annotations

import pytest

from facechain_ext.methods.photomaker.class_word import ClassToken, find_class_word, tokenize_with_person

VOCABULARY: dict[str, int] = {}


def tokenize(texts):
    """A word a token, and a comma too."""
    return [
        [VOCABULARY.setdefault(word, len(VOCABULARY)) for word in text.replace(",", " , ").split()] for text in texts
    ]


def words(ids):
    names = {number: word for word, number in VOCABULARY.items()}
    return [names[int(one)] + ("*" if isinstance(one, ClassToken) else "") for one in ids]


@pytest.mark.parametrize(
    ("fragments", "word", "sentence"),
    [
        (["a photo of a man img"], "man", ""),
        (["a photo of a ", "man img", " in a hat"], "man", ""),
        (["a wise img wizard"], "wise", ""),
        (["une femme img"], "femme", ""),
        (["a woman and an imgur link"], "woman", "no “img”"),
        (["img of a girl"], "girl", "No word stands in front"),
        (["a Woman's portrait of a boy"], "Woman", "no “img”"),
        (["a man img and a woman img"], "man", "2 trigger words"),
        (["a kidney bean, a baby"], "baby", "no “img”"),
        (["a castle"], None, "no word for a person"),
        ([""], None, "no word for a person"),
    ],
)
def test_the_class_word_is_found(fragments, word, sentence):
    found, said = find_class_word(fragments)
    assert (found.word if found else None) == word
    assert sentence in said
    assert bool(said) == bool(sentence)
    if found is not None:
        assert fragments[found.fragment][found.start : found.end] == word


@pytest.mark.parametrize(
    ("fragments", "copies", "instead", "expected"),
    [
        (["a man img in a hat"], 3, "", [["a", "man*", "man*", "man*", "in", "a", "hat"]]),
        (["a man img in a hat"], 0, "", [["a", "man", "in", "a", "hat"]]),
        (["a man img in a hat"], 2, "old woman", [["a", "old", "woman*", "woman*", "in", "a", "hat"]]),
        (["a man img in a hat"], 0, "child", [["a", "child", "in", "a", "hat"]]),
        (["red, ", "a man", " img, blue"], 1, "", [["red", ","], ["a", "man*"], [",", "blue"]]),
        (["a man img and a man img"], 2, "", [["a", "man*", "man*", "and", "a", "man"]]),
        (["a castle"], 2, "child", [["a", "castle"]]),
    ],
)
def test_its_last_token_is_repeated_and_the_trigger_left_out(fragments, copies, instead, expected):
    made = tokenize_with_person(tokenize, fragments, copies, instead=instead)
    assert [words(ids) for ids in made] == expected
