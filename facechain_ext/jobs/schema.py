"""The JSON schema of a request with examples, made of the tables of settings: what OpenAPI shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.identity.consent import MOVING_CONSENT
from facechain_ext.identity.likeness_scale import JUDGES
from facechain_ext.jobs.recipes.portrait import portrait_rows
from facechain_ext.jobs.recipes.template import SCENE_TEXTS
from facechain_ext.jobs.request_values import MAX_FACE, MAX_PHOTOS, MAX_POINTS, MAX_TEXT, setting_texts
from facechain_ext.media.speech import MAX_WORDS, SPEAKERS
from facechain_ext.recipes.clip.settings import CLIP_SETTINGS
from facechain_ext.recipes.detail import DETAIL_SETTINGS
from facechain_ext.recipes.garment.settings import GARMENT_SETTINGS, GarmentSettings
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.recipes.redraw.settings import LOOKS, REDRAW_SETTINGS, RedrawSettings
from facechain_ext.recipes.talking.engine_settings import ENGINES, PREVIEW
from facechain_ext.recipes.talking.settings import TALKING_SETTINGS
from facechain_ext.recipes.template import QUALITIES
from facechain_ext.recipes.template import Settings as TemplateSettings
from facechain_ext.recipes.template.scene import SCENE_SETTINGS
from facechain_ext.recipes.template.settings import TEMPLATE_SETTINGS
from facechain_ext.styles.style import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from facechain_ext.methods.setting import Setting

_TEXT = {"type": "string", "maxLength": MAX_TEXT}
_PICTURE = {"type": "string", "description": "A picture's file in base64, or a data URL."}
_CARD = {
    "type": "string",
    "description": "The name of a card of the library, or a card's file: data:application/octet-stream;base64,...",
}
_FLAG = {"type": "boolean", "default": False}
_JUDGE = {"type": "string", "enum": list(JUDGES), "description": "Who scores likeness; without it the host's setting."}
_AGREED = {"type": "boolean", "description": f"{MOVING_CONSENT}: true, else the order is refused."}
EXAMPLES: dict[str, dict[str, object]] = {
    "portrait": {
        "summary": "A portrait of a card's person",
        "value": {
            "recipe": "portrait",
            "card": "Anna",
            "prompt": "portrait, city at night",
            "settings": {"seed": 7, "count": 2, "strength": 0.6},
        },
    },
    "template": {
        "summary": "A card's person into the first face of a picture",
        "value": {
            "recipe": "template",
            "template": "iVBORw0KGgo...",
            "faces": {"1": {"card": "Anna"}, "2": "pixelate"},
            "settings": {"quality": "standard", "seed": 7},
        },
    },
    "template from words": {
        "summary": "A scene drawn from words, and a card's person in its first face",
        "value": {
            "recipe": "template",
            "scene": {"words": "a knight before a castle, seen from the front"},
            "faces": {"1": {"card": "Anna"}},
            "settings": {"quality": "standard", "seed": 7},
        },
    },
    "detail": {
        "summary": "The face of a card's person in a finished picture, painted anew",
        "value": {"recipe": "detail", "picture": "iVBORw0KGgo...", "people": [{"card": "Anna"}]},
    },
    "redraw": {
        "summary": "A photo drawn as a cartoon, with the people in it kept",
        "value": {"recipe": "redraw", "picture": "iVBORw0KGgo...", "settings": {"look": "2D", "seed": 7}},
    },
    "garment": {
        "summary": "A photo's garment kept, and a card's person painted into it",
        "value": {
            "recipe": "garment",
            "picture": "iVBORw0KGgo...",
            "points": {"inside": [[0.5, 0.6]], "outside": [[0.1, 0.1]]},
            "people": [{"card": "Anna"}],
        },
    },
    "talk": {
        "summary": "A portrait that speaks",
        "value": {"recipe": "talk", "picture": "iVBORw0KGgo...", "say": "Good morning.", "agreed": True},
    },
    "clip": {
        "summary": "A card's person in place of the largest face of a clip",
        "value": {"recipe": "clip", "clip": "AAAAIGZ0eXA...", "card": "Anna", "agreed": True},
    },
}


def request_schema() -> dict[str, object]:
    """The schema of what ``parse_job_request`` takes."""
    return {"oneOf": [_portrait(), _template(), _detail(), _redraw(), _garment(), _talk(), _clip()]}


def _recipe(title: str, required: list[str], properties: Mapping[str, object]) -> dict[str, object]:
    """The schema of one recipe's request, which has these properties and no others."""
    needed = {"required": required} if required else {}
    return {"title": title, "type": "object", "additionalProperties": False, **needed, "properties": properties}


def _portrait() -> dict[str, object]:
    properties = {
        "recipe": {"type": "string", "enum": ["portrait"], "default": "portrait"},
        "photos": {"type": "array", "items": _PICTURE, "maxItems": MAX_PHOTOS},
        "card": _CARD,
        "face": {"type": "integer", "minimum": 0, "maximum": MAX_FACE, "default": 0},
        "style": {**_TEXT, "description": "A style's key."},
        "subject": {**_TEXT, "description": "Words for the person.", "default": "a person"},
        "suits": {"type": "string", "enum": list(SUBJECTS), "default": "anyone"},
        "prompt": _TEXT,
        "negative_prompt": _TEXT,
        "fuse": _FLAG,
        "retouch": _FLAG,
        "judge": _JUDGE,
        "settings": _settings([*portrait_rows().values()], {"adapter": _TEXT}),
    }
    return _recipe("Portrait", [], properties)


def _template() -> dict[str, object]:
    face = {
        "oneOf": [
            {"type": "string", "enum": ["keep", "pixelate"]},
            {"type": "object", "properties": {"card": _CARD}, "required": ["card"], "additionalProperties": False},
            {"type": "object", "properties": {"photo": _PICTURE}, "required": ["photo"], "additionalProperties": False},
        ]
    }
    scene = _settings(SCENE_SETTINGS, dict.fromkeys(SCENE_TEXTS, _TEXT) | {"pose": _PICTURE})
    properties = {
        "recipe": {"type": "string", "enum": ["template"]},
        "template": _PICTURE,
        "scene": {
            **scene,
            "required": ["words"],
            "description": "Instead of a template: its words. It is drawn here, until it shows faces enough.",
        },
        "faces": {
            "type": "object",
            "description": "Number of the face, from the left -> what it becomes.",
            "additionalProperties": face,
            "minProperties": 1,
        },
        "hair": _FLAG,
        "retouch": _FLAG,
        "judge": _JUDGE,
        "settings": _painting_settings(TemplateSettings(), list(QUALITIES)),
    }
    return _recipe("Template", ["recipe", "faces"], properties)


def _people(least: int) -> dict[str, object]:
    box = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 4, "maxItems": 4}
    strength = portrait_setting("strength")
    person = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "card": _CARD,
            "photos": {"type": "array", "items": _PICTURE, "maxItems": MAX_PHOTOS},
            "box": box,
            "strength": {"type": "number", "minimum": strength.low, "maximum": strength.high},
        },
    }
    return {"type": "array", "items": person, "minItems": least}


def _detail() -> dict[str, object]:
    properties = {
        "recipe": {"type": "string", "enum": ["detail"]},
        "picture": _PICTURE,
        "people": _people(1),
        "judge": _JUDGE,
        "settings": _painting_settings(DETAIL_SETTINGS, [DETAIL_SETTINGS.quality]),
    }
    return _recipe("Detail", ["recipe", "picture", "people"], properties)


def _redraw() -> dict[str, object]:
    texts = dict.fromkeys(sorted(setting_texts(RedrawSettings, REDRAW_SETTINGS)), _TEXT)
    look = {"type": "string", "description": f"{', '.join(LOOKS)}, or a style's key.", "default": RedrawSettings.look}
    properties = {
        "recipe": {"type": "string", "enum": ["redraw"]},
        "picture": _PICTURE,
        "people": {**_people(0), "description": "Who is kept; without any, the people of the picture itself."},
        "judge": _JUDGE,
        "settings": _settings(REDRAW_SETTINGS, {**texts, "look": look}),
    }
    return _recipe("Redraw", ["recipe", "picture"], properties)


def _garment() -> dict[str, object]:
    point = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 2, "maxItems": 2}
    points = {"type": "array", "items": point, "maxItems": MAX_POINTS}
    texts = dict.fromkeys(sorted(setting_texts(GarmentSettings, GARMENT_SETTINGS)), _TEXT)
    properties = {
        "recipe": {"type": "string", "enum": ["garment"]},
        "picture": _PICTURE,
        "mask": {**_PICTURE, "description": "White is the garment; of the picture's size."},
        "points": {
            "type": "object",
            "description": "Instead of a mask: points in and beside the garment, in fractions of the picture.",
            "additionalProperties": False,
            "properties": {"inside": points, "outside": points},
        },
        "people": _people(0),
        "garment": {**_PICTURE, "description": "Put on instead of what is marked, by IP-Adapter."},
        "pose": {**_PICTURE, "description": "A pose, for a garment on a stand."},
        "settings": _settings(GARMENT_SETTINGS, texts),
    }
    return _recipe("Garment", ["recipe", "picture"], properties)


def _talk() -> dict[str, object]:
    properties = {
        "recipe": {"type": "string", "enum": ["talk"]},
        "picture": _PICTURE,
        "voice": {"type": "string", "description": "A sound file in base64, or a data URL."},
        "say": {"type": "string", "maxLength": MAX_WORDS, "description": "Words, instead of a voice."},
        "speaker": {"type": "string", "enum": list(SPEAKERS), "default": "espeak-ng"},
        "speaker_voice": {**_TEXT, "description": "The name of a voice, such as en-us."},
        "send_words": {**_FLAG, "description": "edge-tts may send the words to Microsoft's service."},
        "engine": {"type": "string", "enum": list(ENGINES), "default": PREVIEW},
        "agreed": _AGREED,
        "settings": _settings(TALKING_SETTINGS, {}),
    }
    return _recipe("Talk", ["recipe", "picture", "agreed"], properties)


def _clip() -> dict[str, object]:
    properties = {
        "recipe": {"type": "string", "enum": ["clip"]},
        "clip": {"type": "string", "description": "A video's file in base64, or a data URL."},
        "photo": _PICTURE,
        "card": _CARD,
        "agreed": _AGREED,
        "settings": _settings(CLIP_SETTINGS, {}),
    }
    return _recipe("Clip", ["recipe", "clip", "agreed"], properties)


def _painting_settings(standard: TemplateSettings, qualities: list[str]) -> dict[str, object]:
    """The settings of a template portrait or a repair, with the defaults of ``standard``."""
    rows = [replace(row, default=getattr(standard, row.name)) for row in TEMPLATE_SETTINGS if row.name != "quality"]
    quality = {"type": "string", "enum": qualities, "default": standard.quality}
    return _settings(rows, {"quality": quality, "prompt": _TEXT, "negative_prompt": _TEXT, "sampler": _TEXT})


def _settings(rows: Iterable[Setting], further: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**{row.name: _row(row) for row in rows}, **further},
    }


def _row(row: Setting) -> dict[str, object]:
    about = {"description": row.help or row.label}
    if row.is_window:
        ends = {"type": "number", "minimum": row.low, "maximum": row.high}
        return {**about, "type": "array", "items": ends, "minItems": 2, "maxItems": 2}
    if isinstance(row.default, bool):
        return {**about, "type": "boolean", "default": row.default}
    if row.is_number:
        kind = "number" if isinstance(row.default, float) else "integer"
        return {**about, "type": kind, "minimum": row.low, "maximum": row.high, "default": row.default}
    return {**about, "type": "string", **({"enum": list(row.choices)} if row.choices else {})}
