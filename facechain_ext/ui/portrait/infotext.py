"""Conversion between the Portrait page's form and infotext."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.recipes.arguments import (
    CARD_LABEL,
    IDENTITY_LABEL,
    RECIPE_LABEL,
    FaceArguments,
    settings_table,
)
from facechain_ext.recipes.infotext import SPEEDUPS, parse_identities
from facechain_ext.recipes.portrait_settings import PREFIX
from facechain_ext.recipes.regions import format_region_prompts, parse_region_prompts
from facechain_ext.styles import find_style
from facechain_ext.text_values import format_number, read_float
from facechain_ext.ui.pnginfo import parse_infotext
from facechain_ext.ui.portrait.form import BY_NAME, DEFAULTS, FIELDS, METHOD_FIELDS, NO_STYLE, value_from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.ui.host import HostCapabilities
    from facechain_ext.ui.pnginfo import ParsedInfotext
    from facechain_ext.ui.portrait.form import Form, FormValues
    from facechain_ext.ui.portrait.person_request import PersonRequest

RECIPE = RECIPE_LABEL
"""The infotext label that marks a picture of this page."""
_PORTRAIT_RECIPE = "portrait"
CARD, FACE = CARD_LABEL, f"{PREFIX} face"
SECOND, SHARE = f"{PREFIX} mix with", f"{PREFIX} mix share"
_PAGE_LABELS = frozenset({FACE, SECOND, SHARE})
"""Labels that ``_resolve_cards`` reads, rather than the table of settings."""
_HOST_LISTS = {
    "sampler": "samplers", "adapter": "adapters", "hires_upscaler": "upscalers", "enlarge_by": "enlargers",
}  # fmt: skip
"""Settings whose value must be in a list of ``HostCapabilities``, by that list's attribute."""


@dataclass(frozen=True)
class RestoredForm:
    """The form of an infotext with card, second card, mixing share in percent and face number; ``notes`` on misfits."""

    form: Form
    card: str = ""
    second: str = ""
    mix: float = 0.0
    face: int = 0
    notes: list[str] = field(default_factory=list)


def to_infotext(form: FormValues, person: PersonRequest) -> dict[str, str]:
    """Infotext values by label, of the settings that differ from the default and have no label of the host.

    Photos are not named, because only a card can be found again.
    """
    labels = {RECIPE: _PORTRAIT_RECIPE}
    for setting in FIELDS:
        if setting.infotext is not None and form[setting.name] != setting.default:
            value = form[setting.name]
            if setting.name == "others":  # infotext values are single lines
                value = format_region_prompts(parse_region_prompts(value))
            labels[setting.infotext] = format_number(value) if isinstance(value, float) else str(value)
    if person.card:
        labels[CARD] = person.card
    if person.second and person.mix > 0:
        labels |= {SECOND: person.second, SHARE: format_number(person.mix)}
    if person.face is not None:
        labels[FACE] = str(person.face)
    return labels


def from_infotext(text: str, capabilities: HostCapabilities, cards: list[str]) -> RestoredForm:
    """The form of an infotext; settings that it does not name have their default.

    Of a picture from elsewhere only the prompts and the host's labels are restored. Raises InputError when the text
    holds no settings.
    """
    parsed = parse_infotext(text)
    if not parsed.values:
        raise InputError(
            "There are no settings in this. Choose a picture made here or in the webui, or paste its text."
        )
    restored = RestoredForm(dict(DEFAULTS))
    _apply_host_labels(parsed.values, restored)
    if parsed.values.get(RECIPE) == _PORTRAIT_RECIPE:
        for setting in FIELDS:
            if setting.infotext is not None and setting.infotext in parsed.values:
                _set_field(restored, setting.name, parsed.values[setting.infotext])
    else:
        restored.form.update(prompt=parsed.prompt, negative=parsed.negative, subject="", count=1)
    _replace_unavailable(restored, capabilities)
    if IDENTITY_LABEL in parsed.values:
        restored.notes.extend(_speedup_notes(parsed.values, capabilities))
    return _resolve_cards(parsed, restored, cards)


def _apply_host_labels(values: Mapping[str, str], restored: RestoredForm) -> None:
    """Apply the labels that the host writes into every picture."""
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
    """Apply the labels that the accordion and the page have in common."""
    arguments: dict[str, object] = {}
    for line in settings_table():
        if line.infotext is None or line.infotext in _PAGE_LABELS or line.infotext not in values:
            continue
        try:
            setting = FaceArguments.from_infotext({line.infotext: values[line.infotext]})
            FaceArguments.parse(setting)
        except (FaceChainError, ValueError) as error:
            restored.notes.append(f"{line.label} of the face cannot be read, and its default is set: {error}")
            continue
        arguments |= setting
    face = FaceArguments.parse(arguments)
    names = {"strength": face.strength, "adapter": face.adapter, "hires_face": face.hires}
    restored.form.update(names, window_start=face.window[0], window_end=face.window[1])
    restored.form.update({name: face.value(own) for name, own in METHOD_FIELDS.items()})
    restored.form.update(others=format_region_prompts(face.people), box=face.box)


def _set_field(restored: RestoredForm, name: str, text: str) -> None:
    """Set one setting from its text; a value that does not fit is noted and the default stays."""
    try:
        restored.form[name] = value_from_text(BY_NAME[name], text)
    except InputError as error:
        restored.notes.append(f"{error} The default is set.")


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
    """Notes on speed-up options that differ from the picture's; they are the host's settings, not the form's."""
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


def _resolve_cards(parsed: ParsedInfotext, restored: RestoredForm, cards: list[str]) -> RestoredForm:
    """``restored`` with the named cards that are in the library; a note for each that is missing."""
    people = parse_identities(parsed.values)
    named = {label: parsed.values.get(label, "") for label in (CARD, SECOND)}
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
    share, face = parsed.values.get(SHARE, "0"), parsed.values.get(FACE, "0")
    return RestoredForm(
        restored.form,
        named[CARD],
        named[SECOND],
        min(max(_float_or_zero(share), 0.0), 100.0) if named[SECOND] else 0.0,
        int(min(max(_float_or_zero(face), 0), 50)),
        restored.notes,
    )


def _other_cards(restored: RestoredForm) -> list[str]:
    """The cards of the other people; a value that cannot be parsed is cleared with a note."""
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
