"""The one table of a face's settings: it feeds interface, API, command line, infotext and defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.number_text import format_number, read_float, read_integer, shown
from facechain_ext.recipes.regions import RegionPrompt, as_text, box_of, parse_box, parse_others

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "FaceChain"
"""How every infotext label of ours begins."""
OFF_LABEL = PREFIX
"""The infotext label that says why a face that was asked for is not in the picture."""
IDENTITY_LABEL = f"{PREFIX} identity"
"""The infotext label of who is in the picture: name and short hash."""
RECIPE_LABEL = f"{PREFIX} recipe"
"""The infotext label of what made the picture: portrait or template."""
CARD_LABEL = f"{PREFIX} card"
"""The infotext label of the first person's card where the identity's name does not say it: in a mix."""
LARGEST = 0
"""The number of the face that means: the largest."""
ONLY_IF_SET = frozenset({"face", "box", "people", "mix_with", "mix_share"})
"""Settings that are written only when they say something; a picture without them has the default."""
AUTOMATIC = "auto"
"""The adapter's name that means: the first one there is."""
_WINDOW_TEXT = re.compile(r"\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*-\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")
"""A window in a picture's settings; version 0.1.0 wrote small numbers with an exponent, as in 1e-05-1."""


@dataclass(frozen=True)
class Argument:
    """One setting.

    ``name`` is its key in the API, ``label`` the word in the interface, ``infotext`` the word in a picture's settings
    (None: not written there), ``low`` and ``high`` its range and ``step`` the slider's step where it is a number.
    ``on_page`` is False for what only requests know.
    """

    name: str
    label: str
    infotext: str | None
    default: Any
    help: str
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    on_page: bool = True


TABLE: tuple[Argument, ...] = (
    Argument("enabled", "Enable", None, default=True, help="Put the person of the photos into the picture."),
    Argument("photos", "Photos", None, (), "Photos of one person, the face seen from the front."),
    Argument("card", "Card", None, "", "A saved identity, instead of photos."),
    Argument(
        "face", "Face number", f"{PREFIX} face", LARGEST,
        "Which face of the photo, counted from the left; 0 takes the largest.", 0, 50, 1,
    ),
    Argument("adapter", "Adapter", f"{PREFIX} adapter", AUTOMATIC, "The face adapter's file."),
    Argument(
        "strength", "Strength", f"{PREFIX} strength", 0.5,
        "0 is off, 0.5 the published default; more is more alike and follows the prompt less.", 0.0, 2.0, 0.05,
    ),
    Argument(
        "window", "Window", f"{PREFIX} window", (0.0, 1.0),
        "First and last fraction of the steps in which the face acts.", 0.0, 1.0, 0.05,
    ),
    Argument(
        "hires", "Also in hires pass", f"{PREFIX} hires pass", default=True,
        help="Let the face act in the second pass of hires fix too.",
    ),
    Argument(
        "box", "Box of this person", f"{PREFIX} box", "",
        "Left, top, right, bottom in fractions of the picture; only with more people. Empty: a column.",
    ),
    Argument(
        "people", "More people", f"{PREFIX} people", (),
        "A line for each: a card's name, then its strength and its box if they have one, as in Anna *0.8: 0.5, 0, 1, 1",
    ),
    Argument(
        "mix_with", "Mix with", f"{PREFIX} mix with", "",
        "A second card; the face lies between the person of the photos or of the card and this one.",
    ),
    Argument(
        "mix_share", "Share, %", f"{PREFIX} mix share", 0.0,
        "How much the second card takes over; 0 leaves it out.", 0.0, 100.0, 1.0,
    ),
    Argument(
        "strict", "Strict", None, default=False, on_page=False,
        help="Answer a request that cannot be done as asked with 422 and the reasons, instead of a picture without.",
    ),
)  # fmt: skip
"""Every setting, in the order of the interface."""


def argument(name: str) -> Argument:
    """The line of the table called ``name``."""
    return next(line for line in TABLE if line.name == name)


@dataclass(frozen=True)
class FaceArguments:
    """The settings of one run; the fields are those of the table.

    ``photos`` are pictures as text in base64 (from the API) or as the interface holds them.
    """

    enabled: bool = True
    photos: tuple[Any, ...] = field(default=(), repr=False)
    card: str = ""
    face: int = LARGEST
    adapter: str = AUTOMATIC
    strength: float = 0.5
    window: tuple[float, float] = (0.0, 1.0)
    hires: bool = True
    box: str = ""
    people: tuple[RegionPrompt, ...] = ()
    mix_with: str = ""
    mix_share: float = 0.0
    strict: bool = False

    @staticmethod
    def parse(values: Mapping[str, Any]) -> FaceArguments:
        """Read settings as the API gives them; what is not named has the table's default.

        Raises HostError that names a setting that is unknown, of the wrong kind or outside its range.
        """
        known = {line.name for line in TABLE}
        stranger = next((name for name in values if name not in known), None)
        if stranger is not None:
            raise HostError(f"FaceChain knows no setting {shown(stranger)}; it knows {', '.join(sorted(known))}.")
        given = {name: value for name, value in values.items() if value is not None}
        read: dict[str, Any] = {name: _READERS[name](name, value) for name, value in given.items()}
        return FaceArguments(**read)

    @property
    def mixes(self) -> bool:
        """Whether a second card has a share in the face."""
        return bool(self.mix_with) and self.mix_share > 0

    def infotext(self) -> dict[str, str | float | int | bool]:
        """Label -> value of every setting that is written into a picture."""
        unused = set() if self.mixes else {"mix_with", "mix_share"}
        written: dict[str, Any] = {CARD_LABEL: self.card} if self.mixes and self.card else {}
        for line in TABLE:
            value = as_text(self.people) if line.name == "people" else getattr(self, line.name)
            if line.infotext is None or (line.name in ONLY_IF_SET and not value) or line.name in unused:
                continue
            written[line.infotext] = value
        first, last = self.window
        window = argument("window").infotext
        assert window is not None
        return written | {window: f"{format_number(first)}-{format_number(last)}"}

    @staticmethod
    def from_infotext(written: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, as ``parse`` takes them, that a picture's infotext holds; those it lacks are left out.

        Raises ValueError for a text that is no value of its setting's kind.
        """
        return {
            line.name: _from_text(line, str(written[line.infotext]).strip())
            for line in TABLE
            if line.infotext is not None and line.infotext in written
        }


def _from_text(line: Argument, text: str) -> Any:
    if line.name == "window":
        found = _WINDOW_TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{shown(text)} is no window")
        return [read_float(part) for part in found.groups()]
    if isinstance(line.default, bool):
        return text == "True"
    if isinstance(line.default, float):
        return read_float(text)
    return read_integer(text) if isinstance(line.default, int) else text


def _refuse(name: str, value: object, wanted: str) -> HostError:
    return HostError(f"FaceChain: {name} is {wanted}, not {shown(value)}.")


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _refuse(name, value, "true or false")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refuse(name, value, "a text")
    return value


def _number(name: str, value: object) -> float:
    line = argument(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not line.low <= value <= line.high:
        raise _refuse(name, value, f"a number from {line.low:g} to {line.high:g}")
    return float(value)


def _whole(name: str, value: object) -> int:
    number = _number(name, value)
    if number != int(number):
        raise _refuse(name, value, "a whole number")
    return int(number)


def _window(name: str, value: object) -> tuple[float, float]:
    wanted = "two fractions of the steps from 0 to 1, the first before the last"
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise _refuse(name, value, wanted)
    first, last = (_number(name, part) for part in value)
    if first > last:
        raise _refuse(name, value, wanted)
    return first, last


def _photos(name: str, value: object) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _refuse(name, value, "a list of pictures")
    return tuple(value)


def _people(_name: str, value: object) -> tuple[RegionPrompt, ...]:
    return parse_others(value)


def _box(name: str, value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(format_number(side) for side in box_of(value)) if value else ""
    text = _text(name, value)
    parse_box(text)
    return text


_READERS = {
    "enabled": _truth,
    "photos": _photos,
    "card": _text,
    "face": _whole,
    "adapter": _text,
    "strength": _number,
    "window": _window,
    "hires": _truth,
    "box": _box,
    "people": _people,
    "mix_with": _text,
    "mix_share": _number,
    "strict": _truth,
}

assert {line.name for line in TABLE} == {one.name for one in fields(FaceArguments)} == set(_READERS)
