"""What a pasted picture's settings set in the accordion, and what they cannot bring back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.webui.handover import photos_in
from facechain_ext.recipes.arguments import (
    CARD_LABEL,
    IDENTITY_LABEL,
    argument,
    settings_table,
)
from facechain_ext.recipes.infotext import parse_identities
from facechain_ext.recipes.regions import format_region_prompts
from facechain_ext.ui.html import note_html

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facechain_ext.methods.setting import Setting

log = logging.getLogger(__name__)


def reader(name: str, part: int | None = None) -> Callable[[Mapping[str, Any]], Any]:
    """What a picture's settings set a component to; None leaves it as it is.

    ``name`` is the table's, ``part`` which of the two numbers of a window. What only some pictures name has its default
    when a picture with a face does not name it.
    """
    row = argument(name)

    def from_infotext(written: Mapping[str, Any]) -> Any:
        if row.infotext not in written:
            if not row.optional or IDENTITY_LABEL not in written:
                return None
            return "" if name == "people" else row.default
        try:
            value = _value(row, written)
        except (FaceChainError, ValueError) as error:
            log.warning("a setting of the pasted text is left out: %s", error)
            return None
        if part is not None:
            return value[part]
        return format_region_prompts(value) if name == "people" else value

    return from_infotext


def was_enabled(written: Mapping[str, Any]) -> bool | None:
    """Pasting a picture with a face switches it on, pasting one without leaves it."""
    return True if IDENTITY_LABEL in written else None


def card(written: Mapping[str, Any]) -> str | None:
    """The card of a pasted picture's first person; none chosen when that was a person of photos or is not here."""
    people = parse_identities(written)
    if not people:
        return None
    name = str(written.get(CARD_LABEL, "")) or people[0][0]
    return name if name and name in _cards() else ""


def photos(written: Mapping[str, Any]) -> Any:
    """The photos that the tab of the same browser has sent along; other texts leave those that are there."""
    found = photos_in(written)
    return gr.update(value=found) if found else None


def wanted(written: Mapping[str, Any]) -> str | None:
    """In words what a pasted picture needs and the text cannot bring: photos, cards that are not here, bad settings."""
    people = parse_identities(written)
    if not people:
        return None
    said = [*_first(written, *people[0]), *_others(people[1:]), *_missing_cards(written), *_unreadable(written)]
    return note_html(*said) if said else None


def _first(written: Mapping[str, Any], name: str, digest: str) -> list[str]:
    if photos_in(written):
        return [f"The photos came along. The picture shows identity {digest}; the preview says which one they give."]
    if card(written) or name in _cards():
        return []
    who = f"{name}, identity {digest}" if name else f"identity {digest}"
    return [f"This picture shows {who}. Add the same photos; the preview says which identity they give."]


def _others(people: list[tuple[str, str]]) -> list[str]:
    return [
        f"Another person of the picture, identity {digest}, was given by photos: keep a card of that person and add it "
        "under Several people."
        for name, digest in people
        if not name
    ]


def _missing_cards(written: Mapping[str, Any]) -> list[str]:
    try:
        value = _value(argument("people"), written) if argument("people").infotext in written else ()
        names = [other.card for other in value]
    except (FaceChainError, ValueError):
        names = []
    names += [str(written[label]) for label in (CARD_LABEL, argument("mix_with").infotext or "") if label in written]
    here = _cards()
    return [f"There is no card called {name} here." for name in dict.fromkeys(names) if name not in here]


def _unreadable(written: Mapping[str, Any]) -> list[str]:
    said = []
    for row in settings_table():
        if row.infotext in written:
            try:
                _value(row, written)
            except FaceChainError as error:
                said.append(f"A setting is left out. {error}")
            except ValueError as error:
                said.append(f"{row.label} is left out: {error}.")
    return said


def _value(row: Setting, written: Mapping[str, Any]) -> Any:
    """One setting, checked; raises ValueError or InputError for a text that is none."""
    assert row.infotext is not None
    return row.read(row.from_infotext(str(written[row.infotext]).strip()))


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return CardLibrary().names()
