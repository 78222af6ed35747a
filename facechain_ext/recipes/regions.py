"""Several people in one picture: who stands where, in words a user can type, and as masks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import InputError
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.text_values import format_number, read_float, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.identity import Identity
    from facechain_ext.recipes.job import Person

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in fractions of the picture."""

MOST = 10
"""People in one picture at most."""
_GRID = 128
"""Side of a mask; finer than the latent grid of any picture up to 1024."""
_SOFT = 0.03
"""Width of a mask's soft border, in fractions of the picture."""
_PLACE = (
    r"(?:\s*\*\s*(?P<strength>[-+0-9.][-+0-9.eE]*))?(?:\s*[:@]\s*(?P<box>[-+0-9.][-+0-9.eE,\s]*))?$"  # after a name
)
_LINE = re.compile(r"^(?P<name>.*?)" + _PLACE)
_AFTER_QUOTES = re.compile(_PLACE)
_PARTS = re.compile(r'(?:"[^"\n]*"|[^;；\n])+')
"""People of a text: between line ends and semicolons that are not within quotation marks."""
_LONGEST_LINE = 1000
_FULL_WIDTH = str.maketrans("：，；＊", ":,;*")
"""Signs as Chinese keyboards write them."""
_QUOTED = frozenset(':：,，;；*＊@"')
"""Signs of the format: a name that holds one is written in quotation marks, which no card's name can hold."""
_STRENGTH = portrait_setting("strength")


@dataclass(frozen=True)
class RegionPrompt:
    """One more person: a card's name, or ``photos`` from a request, where (None: a column), and how much.

    ``strength`` is 0..2, None for that of the first person.
    """

    card: str = ""
    box: Box | None = None
    photos: tuple[object, ...] = field(default=(), repr=False)
    strength: float | None = None


def parse_region_prompts(value: object) -> tuple[RegionPrompt, ...]:
    """People from text or from a request.

    Text has a line for each, or parts between semicolons: ``name``, ``name: left, top, right, bottom`` and, with a
    strength, ``name *0.8: left, top, right, bottom``; a name may stand in quotation marks. A request has a list of
    objects with ``card`` or ``photos`` and optionally ``box`` and ``strength``. Raises InputError that names the line
    that is wrong.
    """
    if isinstance(value, str):
        others = [_from_line(line.strip()) for line in _PARTS.findall(value) if line.strip()]
    elif isinstance(value, (list, tuple)):
        others = [_from_request(one) for one in value]
    else:
        raise InputError("FaceChain: people is a text with a line for each, or a list of objects with card and box.")
    if len(others) >= MOST:
        raise InputError(f"FaceChain puts at most {MOST} people into a picture; {len(others) + 1} were asked for.")
    return tuple(others)


def format_region_prompts(others: Sequence[RegionPrompt]) -> str:
    """The people on one line as ``parse_region_prompts`` reads them; those given by photos have no name: left out."""
    return "; ".join(
        (f'"{other.card}"' if _QUOTED & set(other.card) else other.card)
        + ("" if other.strength is None else f" *{format_number(other.strength)}")
        + (": " + ", ".join(format_number(side) for side in other.box) if other.box else "")
        for other in others
        if other.card
    )


def parse_box(text: str) -> Box | None:
    """A box from its four numbers in words, None for an empty text; raises InputError for anything else."""
    if not text.strip():
        return None
    try:
        return _checked([read_float(part) for part in text.replace(",", " ").split()], text)
    except ValueError as error:
        raise _wrong_box(text) from error


def read_box(given: object) -> Box:
    """A box from a request's list of four numbers; raises InputError for anything else."""
    if not isinstance(given, (list, tuple)) or any(
        isinstance(n, bool) or not isinstance(n, (int, float)) for n in given
    ):
        raise _wrong_box(given)
    return _checked(given, given)


BOXLESS = "Some people have a box and some have none. Give one to everybody, or to nobody for columns."
"""Said where boxes are drawn, and again where they are used."""


def resolve_boxes(boxes: Sequence[Box | None]) -> list[Box]:
    """Where everybody is: their boxes, or equal columns from left to right when nobody has one.

    Raises InputError when only some have one.
    """
    given = [box for box in boxes if box is not None]
    if len(given) == len(boxes):
        return given
    if given:
        raise InputError(BOXLESS)
    count = len(boxes)
    return [(number / count, 0.0, (number + 1) / count, 1.0) for number in range(count)]


def placed_person(identity: Identity, prompt: RegionPrompt, strength: float) -> Person:
    """The person of ``prompt``, in their box where they have one; ``strength`` is for who has none of their own."""
    from facechain_ext.recipes.job import Person  # a webui's start reads the table of settings, which needs no job

    region = None if prompt.box is None else region_mask(prompt.box)
    return Person(identity, strength if prompt.strength is None else prompt.strength, region=region)


def assign_regions(
    first: Person, box: Box | None, others: Sequence[tuple[Identity, RegionPrompt]]
) -> tuple[Person, ...]:
    """``first`` and the others, each in a region of their own; somebody alone stays without one.

    The others act in the same steps, and as much as ``first`` where they have no strength of their own. Raises
    InputError when only some have a box.
    """
    if not others:
        return (first,)
    boxes = resolve_boxes([box, *(other.box for _, other in others)])
    people = [replace(first, region=region_mask(boxes[0]))]
    for (identity, other), place in zip(others, boxes[1:], strict=True):
        strength = first.strength if other.strength is None else other.strength
        people.append(replace(first, identity=identity, strength=strength, region=region_mask(place)))
    return tuple(people)


def region_mask(box: Box) -> NDArray[np.float32]:
    """The box as a mask [128, 128] in 0..1 with a soft border; sides at the picture's border stay hard."""
    left, top, right, bottom = box
    middle = (np.arange(_GRID) + 0.5) / _GRID
    across = _ramp(middle, left, right)
    down = _ramp(middle, top, bottom)
    mask: NDArray[np.float32] = np.outer(down, across).astype(np.float32)
    return mask


def _ramp(middle: NDArray[np.float64], first: float, last: float) -> NDArray[np.float64]:
    rise = np.ones_like(middle) if first <= 0 else np.clip((middle - first) / _SOFT + 0.5, 0, 1)
    fall = np.ones_like(middle) if last >= 1 else np.clip((last - middle) / _SOFT + 0.5, 0, 1)
    ramp: NDArray[np.float64] = np.minimum(rise, fall)
    return ramp


def _from_line(line: str) -> RegionPrompt:
    quoted, end = line.startswith('"'), line.find('"', 1)
    if len(line) > _LONGEST_LINE:
        found, name = None, ""
    elif quoted and end > 0:
        found, name = _AFTER_QUOTES.match(line[end + 1 :].translate(_FULL_WIDTH)), line[1:end].strip()
    else:
        found = _LINE.match(line.translate(_FULL_WIDTH))
        name = found["name"].strip() if found else ""
    if found is None or not name:
        raise InputError(
            f"FaceChain: {line[:60]!r} names no card. Write a card's name, then its box: Anna: 0, 0, 0.5, 1"
        )
    strength = found["strength"]
    try:
        number = None if strength is None else read_float(strength)
    except ValueError as error:
        raise _wrong_strength(strength) from error
    return RegionPrompt(name, parse_box(found["box"] or ""), strength=_checked_strength(number))


def _from_request(one: object) -> RegionPrompt:
    if not isinstance(one, dict) or not set(one) <= {"card", "photos", "box", "strength"}:
        raise InputError("FaceChain: each of people is an object with card or photos, and optionally box and strength.")
    card, photos, box = one.get("card") or "", one.get("photos") or (), one.get("box")
    if not isinstance(card, str) or not isinstance(photos, (list, tuple)) or bool(card) == bool(photos):
        raise InputError("FaceChain: each of people has either a card's name or a list of photos.")
    place = None if box is None else read_box(box)
    return RegionPrompt(card, place, tuple(photos), _checked_strength(one.get("strength")))


def _checked_strength(number: object) -> float | None:
    if number is None:
        return None
    try:
        strength: float = _STRENGTH.read(number)
    except InputError as error:
        raise _wrong_strength(number) from error
    return strength


def _wrong_strength(value: object) -> InputError:
    low, high = format_number(_STRENGTH.low), format_number(_STRENGTH.high)
    return InputError(f"FaceChain: a person's strength is a number from {low} to {high}, not {shorten(value)}.")


def _checked(numbers: Sequence[float], given: object) -> Box:
    """The box that four numbers are; ``given`` is what a message shows."""
    if len(numbers) != 4 or not all(0 <= number <= 1 for number in numbers):
        raise _wrong_box(given)
    left, top, right, bottom = (float(number) for number in numbers)
    if right - left <= 0 or bottom - top <= 0:
        raise _wrong_box(given)
    return left, top, right, bottom


def _wrong_box(given: object) -> InputError:
    return InputError(
        f"FaceChain: {shorten(given)} is no box. A box is left, top, right, bottom, each from 0 to 1: 0, 0, 0.5, 1"
    )
