"""Texts, lists, switches and settings of a request, each refused with a sentence that names it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.identity import likeness_scale
from facechain_ext.recipes.portrait_settings import check_ranges
from facechain_ext.recipes.regions import parse_region_prompts
from facechain_ext.recipes.template import Settings as TemplateSettings
from facechain_ext.recipes.template.settings import QUALITY_NAMES, TEMPLATE_SETTINGS
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from facechain_ext.methods.setting import Setting
    from facechain_ext.recipes.regions import RegionPrompt

MAX_TEXT = 4000
"""Characters of a prompt: more than fifty times what the text encoder reads."""
MAX_PHOTOS = 16
MAX_FACE = 1000
"""Number of a face in a photo, from the left."""
MAX_POINTS = 16
"""Points in a garment, and as many beside it."""
_FROM_HOST = frozenset({"controls", "sides", "method_settings"})
"""Settings that come from the host or from another recipe and not from a request."""
_TEMPLATE_DEFAULTS = TemplateSettings()


def read_text(values: Mapping[str, object], name: str, limit: int | None = MAX_TEXT) -> str:
    """A text, "" without it; raises InputError for another kind and for one that is too long."""
    value = values.get(name, "")
    if not isinstance(value, str) or (limit is not None and len(value) > limit):
        raise InputError(
            f"FaceChain: {name} is {shorten(value)}; set it to a text of up to {limit or 'any number of'} characters."
        )
    return value if limit is None else value.strip()


def read_texts(values: Mapping[str, object], name: str) -> tuple[str, ...]:
    """A list of pictures, empty without it; raises InputError for anything else and for too many."""
    value = values.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_PHOTOS or not all(isinstance(one, str) and one for one in value):
        raise InputError(f"FaceChain: {name} is a list of up to {MAX_PHOTOS} pictures.")
    return tuple(value)


def read_judge(values: Mapping[str, object]) -> str:
    """Who scores likeness, "" for the host's own setting; raises InputError for an unknown name."""
    return likeness_scale.read_judge(read_text(values, "judge"))


def read_flag(values: Mapping[str, object], name: str) -> bool:
    """A switch, False without it; raises InputError for anything but true and false."""
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"FaceChain: {name} is true or false.")
    return value


def read_settings(given: object, rows: Sequence[Setting], texts: Collection[str]) -> dict[str, Any]:
    """The settings of a request by name: those of ``rows`` in their own kinds, and ``texts``.

    Raises InputError for an unknown name, another kind, and a number out of range.
    """
    if not isinstance(given, dict):
        raise InputError("FaceChain: settings is an object.")
    by_name = {row.name: row for row in rows}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in by_name:
            values[name] = by_name[name].read(value)
        elif name in texts:
            values[name] = read_text(given, name)
        else:
            known = ", ".join(sorted([*by_name, *texts]))
            raise InputError(f"FaceChain knows no setting {shorten(name)}; it knows {known}.")
    return values


def read_template_settings(given: object, standard: TemplateSettings = _TEMPLATE_DEFAULTS) -> TemplateSettings:
    """``standard`` with the settings of a request for a template portrait or a repair of faces.

    Raises InputError as ``read_settings`` does, and for an unknown quality.
    """
    texts = setting_texts(TemplateSettings, TEMPLATE_SETTINGS)
    settings = replace(standard, **read_settings(given, TEMPLATE_SETTINGS, texts))
    if settings.quality not in QUALITY_NAMES:
        raise InputError(f"FaceChain: quality is {shorten(settings.quality)}; set it to {', '.join(QUALITY_NAMES)}.")
    check_ranges(TEMPLATE_SETTINGS, settings)
    return settings


def setting_texts(settings: type, rows: Sequence[Setting]) -> frozenset[str]:
    """The names of the settings that are texts and have no row in the table of settings."""
    return frozenset(one.name for one in fields(settings)) - {row.name for row in rows} - _FROM_HOST


def read_people(values: Mapping[str, object]) -> tuple[RegionPrompt, ...]:
    """The people of a request, none without them; raises InputError for what is no list of cards and photos."""
    people = parse_region_prompts(values.get("people") or ())
    if not all(isinstance(photo, str) and photo for person in people for photo in person.photos):
        raise InputError("FaceChain: photos is a list of pictures.")
    return people


def read_photo(values: Mapping[str, object], purpose: str) -> str:
    """The picture with which a request begins; raises InputError, which says its ``purpose``, without it."""
    picture = read_text(values, "picture", limit=None)
    if not picture:
        raise InputError(f"FaceChain: picture is the photo {purpose}.")
    return picture
