"""A template portrait over the API: the template and the people in base64, the finished picture back."""

from __future__ import annotations

import base64
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.hosts.webui.people import picture_of
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
_OWN = frozenset({"controls", "sides"})
"""Settings that the webui knows and a request does not."""


def made(order: Any, host: WebuiHost | None = None) -> dict[str, Any]:
    """The answer to a request: the picture as PNG in base64, how many faces the template has, notes and info.

    ``order`` has ``template``, ``faces`` (number -> "keep", "pixelate", {"photo": base64} or {"card": name}) and
    optionally ``hair``, ``settings`` (names of the recipe's Settings) and ``strict``. ``info`` holds the settings text
    as ``infotext``, and as ``left_out`` what was asked for and not done; with ``strict`` that raises instead. Raises
    FaceChainError that names what is wrong.
    """
    if not isinstance(order, dict) or not set(order) <= _KEYS or not isinstance(order.get("template"), str):
        raise HostError(f"FaceChain: a template portrait takes {', '.join(sorted(_KEYS))}; template is a picture.")
    settings = _settings(order.get("settings") or {})
    hair, strict = _truth(order, "hair"), _truth(order, "strict")
    canvas = read_template(picture_of(order["template"]), name="the template")
    paints, host = settings.paints, host or _host()
    asked = {number: who for number, who in _numbered(order.get("faces")).items() if _is_choice(who)}
    choices, refused = resolve_actions(asked, lambda who: _choice(host, who, paint=paints))
    _refuse_left_out(refused, strict=strict)
    if paints:
        capabilities = host.capabilities()
        require_ready(capabilities.needed)
        settings = replace(settings, controls=capabilities.ready_controls, sides=capabilities.defaults.painted)
        if capabilities.defaults.words and "steps" not in (order.get("settings") or {}):
            settings = replace(settings, steps=capabilities.defaults.steps)
    targets = find_template_faces(canvas.pixels, hair=hair and paints)
    scorer = host.judge() if settings.chooses else None

    def work() -> TemplateResult:
        return make(canvas, choices, settings, host=host if paints else None, targets=targets, scorer=scorer)

    done = host.queued(work)() if paints else work()
    left_out = [*refused, *done.left_out]
    _refuse_left_out(left_out, strict=strict)
    text = template_infotext(canvas, choices, settings, hair=hair and paints, host_text=done.infotext)
    picture = base64.b64encode(canvas.encoded(done.pixels, text)).decode("ascii")
    info = {"infotext": text, "left_out": left_out}
    return {"picture": picture, "faces": len(targets), "notes": [*refused, *done.notes], "info": info}


def _truth(order: dict[str, Any], name: str) -> bool:
    value = order.get(name, False)
    if not isinstance(value, bool):
        raise HostError(f"FaceChain: {name} is true or false.")
    return value


def _refuse_left_out(left_out: Sequence[str], *, strict: bool) -> None:
    """Raise HostError with all the reasons where a request wants everything or nothing."""
    if strict and left_out:
        raise HostError(" ".join(left_out))


def _numbered(asked: Any) -> dict[int, Any]:
    """The people by number; two spellings of one number are refused."""
    if not isinstance(asked, dict) or not asked:
        raise HostError('FaceChain: faces says who goes where, as in {"1": {"card": "Anna"}, "2": "pixelate"}.')
    numbers: dict[int, Any] = {}
    for key, who in asked.items():
        number = parse_face_number(str(key))
        if number is None:
            raise HostError(f"FaceChain: faces are numbered from 1, from the left; {str(key)[:20]!r} is no number.")
        if number in numbers:
            raise PhotoError(f"Face {number} is named twice; name every face once.")
        numbers[number] = who
    return numbers


def _is_choice(who: Any) -> bool:
    """True for what a face can become; raises HostError for what is written in no way that is known."""
    named = isinstance(who, dict) and len(who) == 1 and set(who) <= {"card", "photo"}
    if who not in ("keep", "pixelate") and not named:
        raise HostError("FaceChain: a face becomes keep, pixelate, an object with card, or an object with photo.")
    return True


def _choice(host: WebuiHost, who: Any, *, paint: bool) -> FaceAction:
    if who == "keep":
        return "keep"
    if who == "pixelate":
        return "pixelate"
    if "card" in who:
        return FaceSource(CardLibrary().load(str(who["card"])), source=f"card {who['card']}")
    photo = faces.read_picture(picture_of(who["photo"]))
    identity = Identity.from_photos(photo, host.encoder()) if paint else None
    return FaceSource(identity, photo.pixels, f"photo {photo.digest[:12]}")


def _settings(asked: Any) -> Settings:
    """The recipe's settings; raises HostError for a name or a value that is none."""
    standard = Settings()
    known = {field.name: type(getattr(standard, field.name)) for field in fields(Settings) if field.name not in _OWN}
    if not isinstance(asked, dict):
        raise HostError("FaceChain: settings is an object.")
    values: dict[str, Any] = {}
    for name, value in asked.items():
        if name not in known:
            raise HostError(f"FaceChain knows no setting {str(name)[:40]!r}; it knows {', '.join(sorted(known))}.")
        kind = known[name]
        good = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not good and not (kind is float and isinstance(value, int) and not isinstance(value, bool)):
            raise HostError(f"FaceChain: {name} is of kind {kind.__name__}, not {str(value)[:40]!r}.")
        try:
            values[name] = float(value) if kind is float else value
        except OverflowError:
            raise HostError(f"FaceChain: {name} is a number with too many digits.") from None
    return _checked(replace(standard, **values))


def _checked(settings: Settings) -> Settings:
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
    for name, good, words in limits:
        if not good:
            raise HostError(f"FaceChain: {name} is {repr(getattr(settings, name))[:40]}; set it to {words}.")
    return settings


def _host() -> WebuiHost:
    from facechain_ext.hosts.webui.host import WebuiHost

    return WebuiHost()
