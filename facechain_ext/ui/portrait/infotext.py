"""The page's settings in a picture's settings text, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.recipes.arguments import (
    CARD_LABEL,
    IDENTITY_LABEL,
    PREFIX,
    RECIPE_LABEL,
    FaceArguments,
    settings_table,
)
from facechain_ext.recipes.infotext import SPEEDUPS, identities_in
from facechain_ext.recipes.regions import as_text, parse_others
from facechain_ext.styles import find_style
from facechain_ext.text_values import format_number, read_float
from facechain_ext.ui.pnginfo import parse_infotext
from facechain_ext.ui.portrait.form import DEFAULTS, FIELDS, NO_STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.ui.host import HostCapabilities
    from facechain_ext.ui.pnginfo import ParsedInfotext
    from facechain_ext.ui.portrait.who import Who

RECIPE = RECIPE_LABEL
"""The label that tells a picture of this page from others."""
_OURS = "portrait"
CARD, FACE = CARD_LABEL, f"{PREFIX} face"
SECOND, SHARE = f"{PREFIX} mix with", f"{PREFIX} mix share"
_OWN = frozenset({FACE, SECOND, SHARE})
"""Labels that the page reads by itself."""
_OFFERED = {"sampler": "samplers", "adapter": "adapters", "hires_upscaler": "upscalers"}
"""Settings that must be among what the host offers."""


@dataclass(frozen=True)
class Restored:
    """The form that a text describes, the card, second card, share and face that it names, and what did not fit."""

    form: dict[str, Any]
    card: str = ""
    second: str = ""
    mix: float = 0.0
    face: int = 0
    notes: list[str] = field(default_factory=list)


def written(form: Mapping[str, Any], who: Who) -> dict[str, str]:
    """Label -> text of the settings that no label of the host's says and that are not the default.

    Photos are not named: nothing but a card can be found again.
    """
    told = {RECIPE: _OURS}
    for one in FIELDS:
        if one.infotext is not None and form[one.name] != one.default:
            value = form[one.name]
            value = as_text(parse_others(value)) if one.name == "others" else value  # on one line
            told[one.infotext] = format_number(value) if isinstance(value, float) else str(value)
    if who.card:
        told[CARD] = who.card
    if who.second and who.mix > 0:
        told |= {SECOND: who.second, SHARE: format_number(who.mix)}
    if who.face is not None:
        told[FACE] = str(who.face)
    return told


def restored(text: str, offers: HostCapabilities, cards: list[str]) -> Restored:
    """The page's settings from a picture's text; what it does not name has its default.

    A picture that was not made by this page gives its prompts and what the host's labels say. Raises HostError when
    the text holds no settings.
    """
    told = parse_infotext(text)
    if not told.values:
        raise HostError("There are no settings in this. Choose a picture made here or in the webui, or paste its text.")
    found = Restored(dict(DEFAULTS))
    _hosts(told.values, found)
    if told.values.get(RECIPE) == _OURS:
        for one in FIELDS:
            if one.infotext is not None and one.infotext in told.values:
                _put(found, one.name, told.values[one.infotext])
    else:
        found.form.update(prompt=told.prompt, negative=told.negative, subject="", count=1)
    _drop_what_is_not_there(found, offers)
    if IDENTITY_LABEL in told.values:
        found.notes.extend(_speedups(told.values, offers))
    return _people(told, found, cards)


def _hosts(values: Mapping[str, str], found: Restored) -> None:
    """What the labels say that every picture has."""
    plain = {"Steps": "steps", "CFG scale": "cfg", "Seed": "seed", "Hires steps": "hires_steps"}
    plain |= {"Hires upscaler": "hires_upscaler", "Hires upscale": "hires_scale", "Denoising strength": "hires_denoise"}
    for label, name in plain.items():
        if label in values:
            _put(found, name, values[label])
    found.form["hires"] = "Hires upscale" in values
    width, sign, height = values.get("Size", "").partition("x")
    if sign:
        _put(found, "width", width)
        _put(found, "height", height)
    if "Sampler" in values:
        schedule = values.get("Schedule type", "")
        suffix = f" {schedule}" if schedule in ("Karras", "Exponential") else ""
        found.form["sampler"] = values["Sampler"].removesuffix(suffix) + suffix
    _face(values, found)


def _face(values: Mapping[str, str], found: Restored) -> None:
    """What the labels of the accordion and of the page share."""
    told: dict[str, Any] = {}
    for line in settings_table():
        if line.infotext is None or line.infotext in _OWN or line.infotext not in values:
            continue
        try:
            one = FaceArguments.from_infotext({line.infotext: values[line.infotext]})
            FaceArguments.parse(one)
        except (FaceChainError, ValueError) as error:
            found.notes.append(f"{line.label} of the face cannot be read, and its default is set: {error}")
            continue
        told |= one
    face = FaceArguments.parse(told)
    names = {"strength": face.strength, "adapter": face.adapter, "hires_face": face.hires}
    found.form.update(names, window_start=face.window[0], window_end=face.window[1])
    found.form.update(others=as_text(face.people), box=face.box)


def _put(found: Restored, name: str, text: str) -> None:
    """Set one setting of the form from its text, or note that it does not fit."""
    one = next(field for field in FIELDS if field.name == name)
    try:
        found.form[name] = one.read(text)
    except ValueError as error:
        found.notes.append(f"{error}; the default is set.")


def _drop_what_is_not_there(found: Restored, offers: HostCapabilities) -> None:
    for name, offered in _OFFERED.items():
        names = getattr(offers, offered)
        if names and found.form[name] not in names and found.form[name] != DEFAULTS[name]:
            found.notes.append(f"{found.form[name]} is not here; {DEFAULTS[name]} is set.")
            found.form[name] = DEFAULTS[name]
    key = found.form["style"]
    if key != NO_STYLE:
        try:
            find_style(key)
        except FaceChainError:
            found.notes.append(f"The style {key} is not here; none is set.")
            found.form["style"] = NO_STYLE


def _speedups(values: Mapping[str, str], offers: HostCapabilities) -> list[str]:
    """Which switches of the host's settings differ from those of the picture; the page's form has none of them."""
    notes = []
    for one in SPEEDUPS:
        then, now = values.get(one.infotext) == "True", offers.speedups.get(one.infotext, False)
        if then and one.infotext not in offers.speedups:
            notes.append(f"The picture was made with “{one.label}”, which only a webui has; it will differ a little.")
        elif then != now:
            states = ("on", "off") if then else ("off", "on")
            notes.append(
                f"“{one.label}” was {states[0]} for the picture and is {states[1]} now; "
                "change it under Settings > FaceChain to make the same picture."
            )
    return notes


def _people(told: ParsedInfotext, found: Restored, cards: list[str]) -> Restored:
    """``found`` with the cards that the text names and the library has."""
    people = identities_in(told.values)
    named = {label: told.values.get(label, "") for label in (CARD, SECOND)}
    if not named[CARD] and people and people[0][0] in cards:  # a picture of the accordion
        named[CARD] = people[0][0]
    for label, name in named.items():
        if name and name not in cards:
            found.notes.append(f"There is no card called {name} here.")
            named[label] = ""
    if not named[CARD]:
        digest = people[0][1] if people else ""
        found.notes.append(
            "Add the photo of the person, or choose a card; a picture names no photos."
            + (f" Its identity is {digest}." if digest else "")
        )
    found.notes.extend(
        f"Another person of the picture, identity {digest}, was given by photos: keep a card of that person and add it "
        "under Several people."
        for name, digest in people[1:]
        if not name
    )
    found.notes.extend(f"There is no card called {name} here." for name in _others(found) if name not in cards)
    share, face = told.values.get(SHARE, "0"), told.values.get(FACE, "0")
    return Restored(
        found.form,
        named[CARD],
        named[SECOND],
        min(max(_number(share), 0.0), 100.0) if named[SECOND] else 0.0,
        int(min(max(_number(face), 0), 50)),
        found.notes,
    )


def _others(found: Restored) -> list[str]:
    """The cards of the other people in the picture; what cannot be read is left out with a note."""
    try:
        return [other.card for other in parse_others(found.form["others"])]
    except FaceChainError as error:
        found.notes.append(f"{error} Nobody else is set.")
        found.form["others"] = ""
        return []


def _number(text: str) -> float:
    try:
        return read_float(text)
    except ValueError:
        return 0.0
