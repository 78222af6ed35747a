"""The words that say who is in the picture, from attributes that the user can change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from facechain_ext.styles import Subject

Gender = Literal["woman", "man"]

GROWN_UP = 18
"""Years from which a person is spoken of as a woman or a man."""
MATURE = 40
"""Years from which the published program says "mature" (its age groups 40-49 and older)."""


def subject_of(gender: Gender | None, years: int | None) -> Subject:
    """Whom a style has to suit; "anyone" when nothing is known."""
    if years is not None and years < GROWN_UP:
        return "child"
    return gender or "anyone"


def subject_words(gender: Gender | None = None, years: int | None = None) -> str:
    """Words for the prompt, plain so that the style and not the flattery decides: "portrait of a young woman".

    ``years`` is about the age; the words change at 3, 13, 18, 30, 45 and 65. None leaves it out.
    """
    if years is None:
        return f"portrait of a {gender or 'person'}"
    if years < GROWN_UP:
        grown = {"woman": "girl", "man": "boy", None: "child"}[gender]
        age = "toddler, a little" if years < 3 else "teenage" if years >= 13 else "young"
        return f"portrait of a {age} {grown}"
    age = "young" if years < 30 else "elderly" if years >= 65 else "middle-aged" if years >= 45 else ""
    return f"portrait of {_article(f'{age} {gender}'.strip() if gender else f'{age} person'.strip())}"


def group_words(subject: str, people: int) -> str:
    """Words for the person as words for ``people`` people; what is no portrait of one stays as it is.

    "portrait of a person" becomes "group portrait of 2 people"; of a described one the description stays.
    """
    beginning = "portrait of "
    if people < 2 or not subject.startswith(beginning):
        return subject
    described = subject.removeprefix(beginning)
    whom = "" if described == "a person" else f", {described}"
    return f"group portrait of {people} people{whom}"


def published_subject_words(gender: Gender | None = None, years: int | None = None) -> str:
    """The words of the published program: one of six, and for grown men up to 39 an age as well."""
    if gender is None:
        return ""
    if years is not None and years < 10:
        return "a boy, children" if gender == "man" else "a girl, children"
    if years is not None and years >= MATURE:
        return f"a mature {gender}"
    if gender == "woman":
        return "a beautiful woman"
    ages = {1: 20, 2: 25, 3: 35}
    return "a handsome man" + (f", {ages[years // 10]}-year-old" if years is not None else "")


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
