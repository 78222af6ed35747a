"""What the infotext of a pasted picture sets in the accordion, and notes about what it cannot restore."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.webui.photo_tokens import photos_of_token
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


def setting_reader(name: str, index: int | None = None) -> Callable[[Mapping[str, object]], object]:
    """A function from a parsed infotext to the value of a component, or to None to leave the component unchanged.

    ``name`` is that of the table of settings, ``index`` selects one of the two numbers of a window. A setting that is
    written only when it says something gets its default from a picture with a face that does not name it.
    """
    row = argument(name)

    def from_infotext(infotext: Mapping[str, object]) -> object:
        if row.infotext not in infotext:
            if not row.optional or IDENTITY_LABEL not in infotext:
                return None
            return "" if name == "people" else row.default
        try:
            value = _read_setting(row, infotext)
        except (FaceChainError, ValueError) as error:
            log.warning("a setting of the pasted text is left out: %s", error)
            return None
        if index is not None:
            return value[index]
        return format_region_prompts(value) if name == "people" else value

    return from_infotext


def restored_enabled(infotext: Mapping[str, object]) -> bool | None:
    """True for a picture with a face, which switches the accordion on; None for any other."""
    return True if IDENTITY_LABEL in infotext else None


def restored_card(infotext: Mapping[str, object]) -> str | None:
    """The card of a picture's first person; "" when that came from photos or has no card here."""
    people = parse_identities(infotext)
    if not people:
        return None
    name = str(infotext.get(CARD_LABEL, "")) or people[0][0]
    return name if name and name in _cards() else ""


def restored_photos(infotext: Mapping[str, object]) -> dict[str, object] | None:
    """The photos that the tab of the same browser has sent with the infotext; None leaves the accordion's photos."""
    found = photos_of_token(infotext)
    if not found:
        return None
    update: dict[str, object] = gr.update(value=found)
    return update


def restore_notes(infotext: Mapping[str, object]) -> str | None:
    """Notes about what an infotext cannot restore: photos, cards that are not here, settings that cannot be read."""
    people = parse_identities(infotext)
    if not people:
        return None
    sentences = [
        *_first_person_notes(infotext, *people[0]),
        *_other_people_notes(people[1:]),
        *_missing_card_notes(infotext),
        *_unreadable_setting_notes(infotext),
    ]
    return note_html(*sentences) if sentences else None


def _first_person_notes(infotext: Mapping[str, object], name: str, digest: str) -> list[str]:
    if photos_of_token(infotext):
        return [f"The photos came along. The picture shows identity {digest}; the preview says which one they give."]
    if restored_card(infotext) or name in _cards():
        return []
    person = f"{name}, identity {digest}" if name else f"identity {digest}"
    return [f"This picture shows {person}. Add the same photos; the preview says which identity they give."]


def _other_people_notes(people: list[tuple[str, str]]) -> list[str]:
    return [
        f"Another person of the picture, identity {digest}, was given by photos: keep a card of that person and add it "
        "under Several people."
        for name, digest in people
        if not name
    ]


def _missing_card_notes(infotext: Mapping[str, object]) -> list[str]:
    try:
        people = _read_setting(argument("people"), infotext) if argument("people").infotext in infotext else ()
        names = [other.card for other in people]
    except (FaceChainError, ValueError):
        names = []
    names += [str(infotext[label]) for label in (CARD_LABEL, argument("mix_with").infotext or "") if label in infotext]
    existing = _cards()
    return [f"There is no card called {name} here." for name in dict.fromkeys(names) if name not in existing]


def _unreadable_setting_notes(infotext: Mapping[str, object]) -> list[str]:
    sentences = []
    for row in settings_table():
        if row.infotext in infotext:
            try:
                _read_setting(row, infotext)
            except FaceChainError as error:
                sentences.append(f"A setting is left out. {error}")
            except ValueError as error:
                sentences.append(f"{row.label} is left out: {error}.")
    return sentences


def _read_setting(row: Setting, infotext: Mapping[str, object]) -> Any:
    """The value of one setting; raises ValueError or InputError for a text that cannot be read."""
    assert row.infotext is not None
    return row.read(row.from_infotext(str(infotext[row.infotext]).strip()))


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return CardLibrary().names()
