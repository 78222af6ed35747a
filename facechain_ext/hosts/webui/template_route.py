"""A template portrait over the API: from the template and photos in base64 to the finished picture."""

from __future__ import annotations

import base64
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Literal

from facechain_ext import faces
from facechain_ext.errors import InputError, PhotoError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.hosts.webui.people import request_picture
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.template import (
    QUALITIES,
    FaceSource,
    Settings,
    find_template_faces,
    make,
    parse_face_number,
    read_template,
    resolve_actions,
)
from facechain_ext.recipes.template.infotext import template_infotext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.template import TemplateResult
    from facechain_ext.recipes.template.settings import FaceAction

_KEYS = frozenset({"template", "faces", "hair", "settings", "strict"})
_HOST_SETTINGS = frozenset({"controls", "sides"})
"""Settings that come from the webui and not from a request."""


def create_template_portrait(body: object, host: WebuiHost | None = None) -> dict[str, object]:
    """The answer to a request: the picture as PNG in base64, how many faces the template has, notes and info.

    ``body`` has ``template``, ``faces`` (number -> "keep", "pixelate", {"photo": base64} or {"card": name}) and
    optionally ``hair``, ``settings`` (names of the recipe's Settings) and ``strict``. ``info`` holds the settings text
    as ``infotext``, and as ``left_out`` what was asked for and not done; with ``strict`` that raises instead. Raises
    FaceChainError that names what is wrong.
    """
    if not isinstance(body, dict) or not set(body) <= _KEYS or not isinstance(body.get("template"), str):
        raise InputError(f"FaceChain: a template portrait takes {', '.join(sorted(_KEYS))}; template is a picture.")
    settings = _settings(body.get("settings") or {})
    hair, strict = _read_bool(body, "hair"), _read_bool(body, "strict")
    canvas = read_template(decode_base64(body["template"]), name="the template")
    paints, host = settings.paints, host or _webui_host()
    requested = {number: _check_action(action) for number, action in _numbered(body.get("faces")).items()}
    choices, refused = resolve_actions(requested, lambda action: _face_action(host, action, paint=paints))
    _raise_left_out(refused, strict=strict)
    if paints:
        capabilities = host.capabilities()
        require_ready(capabilities.needed)
        settings = replace(settings, controls=capabilities.ready_controls, sides=capabilities.defaults.painted)
        if capabilities.defaults.words and "steps" not in (body.get("settings") or {}):
            settings = replace(settings, steps=capabilities.defaults.steps)
    targets = find_template_faces(canvas.pixels, hair=hair and paints)
    scorer = host.judge() if settings.chooses else None

    def work() -> TemplateResult:
        return make(canvas, choices, settings, host=host if paints else None, targets=targets, scorer=scorer)

    result = host.queued(work)() if paints else work()
    left_out = [*refused, *result.left_out]
    _raise_left_out(left_out, strict=strict)
    text = template_infotext(canvas, choices, settings, hair=hair and paints, host_text=result.infotext)
    picture = base64.b64encode(canvas.encoded(result.pixels, text)).decode("ascii")
    info = {"infotext": text, "left_out": left_out}
    return {"picture": picture, "faces": len(targets), "notes": [*refused, *result.notes], "info": info}


def _read_bool(body: dict[str, object], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"FaceChain: {name} is true or false.")
    return value


def _raise_left_out(left_out: Sequence[str], *, strict: bool) -> None:
    """Raise InputError with all the reasons where a request wants everything or nothing."""
    if strict and left_out:
        raise InputError(" ".join(left_out))


def _numbered(faces_by_key: object) -> dict[int, object]:
    """The actions by face number; raises PhotoError for two spellings of one number."""
    if not isinstance(faces_by_key, dict) or not faces_by_key:
        raise InputError('FaceChain: faces says who goes where, as in {"1": {"card": "Anna"}, "2": "pixelate"}.')
    numbers: dict[int, object] = {}
    for key, action in faces_by_key.items():
        number = parse_face_number(str(key))
        if number is None:
            raise InputError(f"FaceChain: faces are numbered from 1, from the left; {str(key)[:20]!r} is no number.")
        if number in numbers:
            raise PhotoError(f"Face {number} is named twice; name every face once.")
        numbers[number] = action
    return numbers


def _check_action(action: object) -> dict[str, object] | Literal["keep", "pixelate"]:
    """``action`` if it is one of the documented forms; raises InputError for any other."""
    if action == "keep":
        return "keep"
    if action == "pixelate":
        return "pixelate"
    if not isinstance(action, dict) or len(action) != 1 or not set(action) <= {"card", "photo"}:
        raise InputError("FaceChain: a face becomes keep, pixelate, an object with card, or an object with photo.")
    return action


def _face_action(
    host: WebuiHost, action: dict[str, object] | Literal["keep", "pixelate"], *, paint: bool
) -> FaceAction:
    if not isinstance(action, dict):
        return action
    if "card" in action:
        return FaceSource(CardLibrary().load(str(action["card"])), source=f"card {action['card']}")
    photo = faces.read_picture(request_picture(action["photo"]))
    identity = Identity.from_photos(photo, host.encoder()) if paint else None
    return FaceSource(identity, photo.pixels, f"photo {photo.digest[:12]}")


def _settings(values_by_name: object) -> Settings:
    """The recipe's settings; raises InputError for an unknown name, or a value of another type or out of range."""
    standard = Settings()
    names = {field.name for field in fields(Settings)} - _HOST_SETTINGS
    types = {name: type(getattr(standard, name)) for name in names}
    if not isinstance(values_by_name, dict):
        raise InputError("FaceChain: settings is an object.")
    values: dict[str, Any] = {}
    for name, value in values_by_name.items():
        if name not in types:
            raise InputError(f"FaceChain knows no setting {str(name)[:40]!r}; it knows {', '.join(sorted(types))}.")
        expected = types[name]
        accepted = (int, float) if expected is float else expected
        if not isinstance(value, accepted) or (isinstance(value, bool) and expected is not bool):
            raise InputError(f"FaceChain: {name} is of kind {expected.__name__}, not {str(value)[:40]!r}.")
        try:
            values[name] = float(value) if expected is float else value
        except OverflowError:
            raise InputError(f"FaceChain: {name} is a number with too many digits.") from None
    return _check_limits(replace(standard, **values))


def _check_limits(settings: Settings) -> Settings:
    """``settings`` if all are in range; raises InputError that names the first that is not."""
    limits = [
        ("quality", settings.quality in QUALITIES, ", ".join(QUALITIES)),
        ("denoise", 0 < settings.denoise <= 1, "over 0 to 1"),
        ("strength", 0 <= settings.strength <= 2, "0 to 2"),
        ("growth", 0 <= settings.growth <= 0.3, "0 to 0.3"),
        ("steps", 1 <= settings.steps <= 150, "1 to 150"),
        ("cfg", 1 <= settings.cfg <= 30, "1 to 30"),
        ("count", 1 <= settings.count <= 32, "1 to 32"),
        ("seed", 0 <= settings.seed < 2**32, "0 to 4294967295"),
    ]
    for name, in_range, limit in limits:
        if not in_range:
            raise InputError(f"FaceChain: {name} is {repr(getattr(settings, name))[:40]}; set it to {limit}.")
    return settings


def _webui_host() -> WebuiHost:
    from facechain_ext.hosts.webui.host import WebuiHost

    return WebuiHost()
