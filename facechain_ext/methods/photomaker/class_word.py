"""The class word of a prompt, which the photos of a person stand for: found, and repeated once for each ID embedding.

It works on the fragments into which a host cuts a prompt at its weights, so emphasis, BREAK, schedules and long prompts
stay the host's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Tokenize = Callable[[list[str]], list[list[int]]]
    """A host's tokenizer: texts to token ids without start, end and padding."""

TRIGGER = "img"
"""The published trigger word, written behind the class word."""
PERSON_WORDS = (
    "man", "woman", "boy", "girl", "person", "child", "kid", "baby", "toddler", "teenager", "teen", "guy", "lady",
    "gentleman", "male", "female", "1girl", "1boy", "adult", "bride", "groom", "king", "queen", "prince", "princess",
    "actor", "actress", "model", "mother", "father", "daughter", "son", "grandmother", "grandfather", "human",
)  # fmt: skip
"""English words for one person; the first in a prompt is the class word where there is no trigger."""

_TRIGGER = re.compile(rf"(?<![\w-]){TRIGGER}(?![\w-])")
_WORD_BEFORE = re.compile(r"([^\W_][\w'-]*)\s*\Z")
_PERSON = re.compile(rf"(?<![\w-])(?:{'|'.join(PERSON_WORDS)})(?![\w-])", re.IGNORECASE)


class ClassToken(int):
    """A token id that stands for one copy of the class word; a host's lists of tokens carry it along."""


@dataclass(frozen=True)
class ClassWord:
    """The class word among the fragments of a prompt: its fragment, and where in it the word starts and ends."""

    fragment: int
    start: int
    end: int
    word: str


def find_class_word(fragments: Sequence[str]) -> tuple[ClassWord | None, str]:
    """The class word of a prompt, and a sentence for the user about it.

    It is the word in front of the first trigger; without a trigger, or with nothing in front of it, the first word for
    a person. None when there is neither. The sentence is empty where exactly one trigger stands behind a word.
    """
    triggers = [(number, found) for number, text in enumerate(fragments) for found in _TRIGGER.finditer(text)]
    if triggers:
        number, found = triggers[0]
        before = _WORD_BEFORE.search(fragments[number], 0, found.start())
        if before is not None:
            word = ClassWord(number, before.start(1), before.end(1), before[1])
            if len(triggers) == 1:
                return word, ""
            return word, (
                f"The prompt has {len(triggers)} trigger words “{TRIGGER}”; the person is put in at the first, behind "
                f"“{word.word}”. Leave the others out."
            )
    for number, text in enumerate(fragments):
        person = _PERSON.search(text)
        if person is None:
            continue
        missing = f"No word stands in front of “{TRIGGER}”" if triggers else f"There is no “{TRIGGER}” in the prompt"
        taken = ClassWord(number, person.start(), person.end(), person[0])
        return taken, f"{missing}, so the person is put in at “{person[0]}”."
    return None, (
        "The prompt has no word for a person, such as man, woman or girl, which the photos could stand for. Write one, "
        f"with “{TRIGGER}” behind it where there are several."
    )


def tokenize_with_person(
    tokenize: Tokenize, fragments: Sequence[str], copies: int, *, instead: str = ""
) -> list[list[int]]:
    """What ``tokenize`` gives for the fragments of one prompt, with ``copies`` of the class word's last token.

    The copies are ClassTokens. Without any copies the words stay as they are; the trigger is left out in both. A class
    word is replaced by ``instead`` where that is not empty.
    """
    found, _ = find_class_word(fragments)
    without = [_without_trigger(text) for text in fragments]
    if found is None:
        return tokenize(without)
    text = fragments[found.fragment]
    head = _without_trigger(text[: found.start]) + (instead.strip() or text[found.start : found.end])
    tail = _without_trigger(text[found.end :])
    first, last, *others = tokenize(
        [head, tail, *(one for number, one in enumerate(without) if number != found.fragment)]
    )
    if copies and first:
        first = [*first[:-1], *(ClassToken(first[-1]) for _ in range(copies))]
    others.insert(found.fragment, [*first, *last])
    return others


def _without_trigger(text: str) -> str:
    return _TRIGGER.sub("", text)
