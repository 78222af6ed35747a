"""One setting of a run: its name everywhere, its default and limits, and how its values are read and written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.text_values import format_number, read_float, read_integer, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    InfotextValue = str | float | int | bool
    """What a picture's settings text holds under a label."""

_WINDOW_TEXT = re.compile(r"\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*-\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")
"""A window in a picture's settings; version 0.1.0 wrote small numbers with an exponent, as in 1e-05-1."""


@dataclass(frozen=True)
class Setting:
    """One row of the table of settings.

    ``name`` is its key in the API, ``label`` the word in the interface, ``infotext`` the label in a picture's settings
    (None: not written there), ``low`` and ``high`` its range and ``step`` the slider's step where it is a number;
    ``page_high`` is the slider's end where that is below ``high``. ``on_page`` is False for what only requests know.
    ``optional`` settings are written only when they differ from nothing. The kind is the default's: a truth value, a
    text (one of ``choices`` where there are any), a number, an integer, or a window of two fractions; ``reader`` reads
    values of another kind and raises InputError for those that it refuses, ``writer`` gives what an infotext holds of
    them.
    """

    name: str
    label: str
    infotext: str | None
    default: Any
    help: str = ""
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    on_page: bool = True
    page_high: float | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    choices: tuple[str, ...] = field(default=(), kw_only=True)
    reader: Callable[[object], object] | None = field(default=None, kw_only=True, repr=False)
    writer: Callable[[Any], InfotextValue] | None = field(default=None, kw_only=True, repr=False)

    @property
    def slider(self) -> tuple[float, float, float]:
        """Lowest value, highest value and step of its slider."""
        return self.low, self.high if self.page_high is None else self.page_high, self.step

    @property
    def limits(self) -> str:
        """Its range in words: "0 to 2"."""
        return f"{format_number(self.low)} to {format_number(self.high)}"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers with a range."""
        return isinstance(self.default, (int, float)) and not isinstance(self.default, bool)

    @property
    def is_window(self) -> bool:
        """Whether its values are two fractions, the first not above the second."""
        return isinstance(self.default, tuple) and len(self.default) == 2

    def schema(self) -> dict[str, object]:
        """What an API's client needs to know, as JSON: name, label, default, help and range."""
        names = ("name", "label", "infotext", "default", "help", "low", "high", "step", "on_page")
        return {name: getattr(self, name) for name in names}

    def read(self, value: object) -> Any:
        """A value as a request gives it, in the setting's own kind.

        Raises InputError that names the setting when the value is of another kind or outside the range.
        """
        if self.reader is not None:
            return self.reader(value)
        if self.is_window:
            return self._window(value)
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise self._refusal(value, "true or false")
            return value
        if self.is_number:
            number = self._number(value)
            if isinstance(self.default, float):
                return number
            if number != int(number):
                raise self._refusal(value, "a whole number")
            return int(number)
        if not isinstance(value, str):
            raise self._refusal(value, "a text")
        if self.choices and value not in self.choices:
            raise self._refusal(value, f"one of {', '.join(self.choices)}")
        return value

    def to_infotext(self, value: Any) -> InfotextValue:
        """A value of the setting's own kind, as a picture's settings hold it."""
        if self.writer is not None:
            return self.writer(value)
        if self.is_window:
            first, last = value
            return f"{format_number(first)}-{format_number(last)}"
        written: InfotextValue = value
        return written

    def from_infotext(self, text: str) -> Any:
        """What ``read`` takes, from a picture's settings; raises ValueError for a text of another kind."""
        if self.is_window:
            found = _WINDOW_TEXT.fullmatch(text)
            if found is None:
                raise ValueError(f"{shorten(text)} is no window")
            return [read_float(part) for part in found.groups()]
        if isinstance(self.default, bool):
            if text not in ("True", "False"):
                raise ValueError(f"{shorten(text)} is neither True nor False")
            return text == "True"
        if isinstance(self.default, float):
            return read_float(text)
        return read_integer(text) if isinstance(self.default, int) else text

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            raise self._refusal(value, f"a number from {format_number(self.low)} to {format_number(self.high)}")
        return float(value)

    def _window(self, value: object) -> tuple[float, float]:
        wanted = "two fractions of the steps from 0 to 1, the first before the last"
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            raise self._refusal(value, wanted)
        first, last = (self._number(part) for part in value)
        if first > last:
            raise self._refusal(value, wanted)
        return first, last

    def _refusal(self, value: object, wanted: str) -> InputError:
        return InputError(f"FaceChain: {self.name} is {wanted}, not {shorten(value)}.")


def find_setting(rows: Iterable[Setting], name: str) -> Setting:
    """The row of a table that is called ``name``."""
    return next(row for row in rows if row.name == name)


def read_infotext_values(rows: Iterable[Setting], values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What an infotext's ``values`` say of ``rows``, by name; and label -> text of what cannot be used."""
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for row in rows:
        label = row.infotext or row.name
        text = values.get(label)
        if text is None:
            continue
        try:
            found[row.name] = row.read(row.from_infotext(text))
        except (ValueError, InputError):
            refused[label] = text
    return found, refused
