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
from facechain_ext.recipes.infotext import SPEEDUPS, parse_identities
from facechain_ext.recipes.regions import format_region_prompts, parse_region_prompts
from facechain_ext.styles import find_style
from facechain_ext.text_values import format_number, read_float
from facechain_ext.ui.pnginfo import parse_infotext
from facechain_ext.ui.portrait.form import DEFAULTS, FIELDS, NO_STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.ui.host import HostCapabilities
    from facechain_ext.ui.pnginfo import ParsedInfotext
    from facechain_ext.ui.portrait.form import Form, FormValues
    from facechain_ext.ui.portrait.person import PersonRequest

RECIPE = RECIPE_LABEL
"""The label that tells a picture of this page from others."""
_PORTRAIT_RECIPE = "portrait"
CARD, FACE = CARD_LABEL, f"{PREFIX} face"
SECOND, SHARE = f"{PREFIX} mix with", f"{PREFIX} mix share"
_PAGE_LABELS = frozenset({FACE, SECOND, SHARE})
"""Labels that the page reads by itself."""
_HOST_LISTS = {"sampler": "samplers", "adapter": "adapters", "hires_upscaler": "upscalers"}
"""Settings that must be among what the host offers."""


@dataclass(frozen=True)
class RestoredForm:
    """The form that a text describes, the card, second card, share and face that it names, and what did not fit."""

    form: Form
    card: str = ""
    second: str = ""
    mix: float = 0.0
    face: int = 0
    notes: list[str] = field(default_factory=list)


def to_infotext(form: FormValues, person: PersonRequest) -> dict[str, str]:
    """Label -> text of the settings that no label of the host's says and that are not the default.

    Photos are not named: nothing but a card can be found again.
    """
    labels = {RECIPE: _PORTRAIT_RECIPE}
    for setting in FIELDS:
        if setting.infotext is not None and form[setting.name] != setting.default:
            value = form[setting.name]
            value = (
                format_region_prompts(parse_region_prompts(value)) if setting.name == "others" else value
            )  # on one line
            labels[setting.infotext] = format_number(value) if isinstance(value, float) else str(value)
    if person.card:
        labels[CARD] = person.card
    if person.second and person.mix > 0:
        labels |= {SECOND: person.second, SHARE: format_number(person.mix)}
    if person.face is not None:
        labels[FACE] = str(person.face)
    return labels


def from_infotext(text: str, capabilities: HostCapabilities, cards: list[str]) -> RestoredForm:
    """The page's settings from a picture's text; what it does not name has its default.

    A picture that was not made by this page gives its prompts and what the host's labels say. Raises HostError when
    the text holds no settings.
    """
    labels = parse_infotext(text)
    if not labels.values:
        raise HostError("There are no settings in this. Choose a picture made here or in the webui, or paste its text.")
    restored = RestoredForm(dict(DEFAULTS))
    _apply_host_labels(labels.values, restored)
    if labels.values.get(RECIPE) == _PORTRAIT_RECIPE:
        for setting in FIELDS:
            if setting.infotext is not None and setting.infotext in labels.values:
                _set_field(restored, setting.name, labels.values[setting.infotext])
    else:
        restored.form.update(prompt=labels.prompt, negative=labels.negative, subject="", count=1)
    _replace_unavailable(restored, capabilities)
    if IDENTITY_LABEL in labels.values:
        restored.notes.extend(_speedup_notes(labels.values, capabilities))
    return _resolve_cards(labels, restored, cards)


def _apply_host_labels(values: Mapping[str, str], restored: RestoredForm) -> None:
    """What the labels say that every picture has."""
    host_labels = {"Steps": "steps", "CFG scale": "cfg", "Seed": "seed", "Hires steps": "hires_steps"}
    host_labels |= {
        "Hires upscaler": "hires_upscaler",
        "Hires upscale": "hires_scale",
        "Denoising strength": "hires_denoise",
    }
    for label, name in host_labels.items():
        if label in values:
            _set_field(restored, name, values[label])
    restored.form["hires"] = "Hires upscale" in values
    width, sign, height = values.get("Size", "").partition("x")
    if sign:
        _set_field(restored, "width", width)
        _set_field(restored, "height", height)
    if "Sampler" in values:
        schedule = values.get("Schedule type", "")
        suffix = f" {schedule}" if schedule in ("Karras", "Exponential") else ""
        restored.form["sampler"] = values["Sampler"].removesuffix(suffix) + suffix
    _apply_face_labels(values, restored)


def _apply_face_labels(values: Mapping[str, str], restored: RestoredForm) -> None:
    """What the labels of the accordion and of the page share."""
    labels: dict[str, Any] = {}
    for line in settings_table():
        if line.infotext is None or line.infotext in _PAGE_LABELS or line.infotext not in values:
            continue
        try:
            setting = FaceArguments.from_infotext({line.infotext: values[line.infotext]})
            FaceArguments.parse(setting)
        except (FaceChainError, ValueError) as error:
            restored.notes.append(f"{line.label} of the face cannot be read, and its default is set: {error}")
            continue
        labels |= setting
    face = FaceArguments.parse(labels)
    names = {"strength": face.strength, "adapter": face.adapter, "hires_face": face.hires}
    restored.form.update(names, window_start=face.window[0], window_end=face.window[1])
    restored.form.update(others=format_region_prompts(face.people), box=face.box)


def _set_field(restored: RestoredForm, name: str, text: str) -> None:
    """Set one setting of the form from its text, or note that it does not fit."""
    setting = next(field for field in FIELDS if field.name == name)
    try:
        restored.form[name] = setting.parse(text)
    except ValueError as error:
        restored.notes.append(f"{error}; the default is set.")


def _replace_unavailable(restored: RestoredForm, capabilities: HostCapabilities) -> None:
    for name, attribute in _HOST_LISTS.items():
        names = getattr(capabilities, attribute)
        if names and restored.form[name] not in names and restored.form[name] != DEFAULTS[name]:
            restored.notes.append(f"{restored.form[name]} is not here; {DEFAULTS[name]} is set.")
            restored.form[name] = DEFAULTS[name]
    key = restored.form["style"]
    if key != NO_STYLE:
        try:
            find_style(key)
        except FaceChainError:
            restored.notes.append(f"The style {key} is not here; none is set.")
            restored.form["style"] = NO_STYLE


def _speedup_notes(values: Mapping[str, str], capabilities: HostCapabilities) -> list[str]:
    """Which switches of the host's settings differ from those of the picture; the page's form has none of them."""
    notes = []
    for setting in SPEEDUPS:
        was_on, is_on = values.get(setting.infotext) == "True", capabilities.speedups.get(setting.infotext, False)
        if was_on and setting.infotext not in capabilities.speedups:
            notes.append(
                f"The picture was made with “{setting.label}”, which only a webui has; it will differ a little."
            )
        elif was_on != is_on:
            states = ("on", "off") if was_on else ("off", "on")
            notes.append(
                f"“{setting.label}” was {states[0]} for the picture and is {states[1]} now; "
                "change it under Settings > FaceChain to make the same picture."
            )
    return notes


def _resolve_cards(labels: ParsedInfotext, restored: RestoredForm, cards: list[str]) -> RestoredForm:
    """``restored`` with the cards that the text names and the library has."""
    people = parse_identities(labels.values)
    named = {label: labels.values.get(label, "") for label in (CARD, SECOND)}
    if not named[CARD] and people and people[0][0] in cards:  # a picture of the accordion
        named[CARD] = people[0][0]
    for label, name in named.items():
        if name and name not in cards:
            restored.notes.append(f"There is no card called {name} here.")
            named[label] = ""
    if not named[CARD]:
        digest = people[0][1] if people else ""
        restored.notes.append(
            "Add the photo of the person, or choose a card; a picture names no photos."
            + (f" Its identity is {digest}." if digest else "")
        )
    restored.notes.extend(
        f"Another person of the picture, identity {digest}, was given by photos: keep a card of that person and add it "
        "under Several people."
        for name, digest in people[1:]
        if not name
    )
    restored.notes.extend(
        f"There is no card called {name} here." for name in _other_cards(restored) if name not in cards
    )
    share, face = labels.values.get(SHARE, "0"), labels.values.get(FACE, "0")
    return RestoredForm(
        restored.form,
        named[CARD],
        named[SECOND],
        min(max(_float_or_zero(share), 0.0), 100.0) if named[SECOND] else 0.0,
        int(min(max(_float_or_zero(face), 0), 50)),
        restored.notes,
    )


def _other_cards(restored: RestoredForm) -> list[str]:
    """The cards of the other people in the picture; what cannot be read is left out with a note."""
    try:
        return [other.card for other in parse_region_prompts(restored.form["others"])]
    except FaceChainError as error:
        restored.notes.append(f"{error} Nobody else is set.")
        restored.form["others"] = ""
        return []


def _float_or_zero(text: str) -> float:
    try:
        return read_float(text)
    except ValueError:
        return 0.0
