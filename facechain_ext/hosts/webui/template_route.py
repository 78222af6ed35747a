"""A template portrait over the API: from the template and photos in base64 to the finished picture."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import InputError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.hosts.webui.people import request_picture
from facechain_ext.identity.library import CardLibrary
from facechain_ext.jobs.request_values import read_flag, read_template_settings
from facechain_ext.recipes.finishing import enlarge_result
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.shared_progress import host_progress
from facechain_ext.recipes.template import Settings, find_template_faces, make, read_template
from facechain_ext.recipes.template.actions import card_source, parse_face_choices, photo_source, resolve_actions
from facechain_ext.recipes.template.infotext import template_infotext
from facechain_ext.recipes.template.qualities import chooses_by_likeness, paints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.template import FaceSource, TemplateImage, TemplateResult
    from facechain_ext.recipes.template.actions import FaceChoice

_KEYS = frozenset({"template", "faces", "hair", "settings", "strict"})


def create_template_portrait(body: object, host: WebuiHost | None = None) -> dict[str, object]:
    """The answer to a request: the picture as PNG in base64, how many faces the template has, notes and info.

    ``body`` has ``template``, ``faces`` (number -> "keep", "pixelate", {"photo": base64} or {"card": name}) and
    optionally ``hair``, ``settings`` (names of the recipe's Settings) and ``strict``. ``info`` holds the settings text
    as ``infotext``, and as ``left_out`` what was requested and not done; with ``strict`` that raises instead. Raises
    FaceChainError that names what is wrong.
    """
    if not isinstance(body, dict) or not set(body) <= _KEYS or not isinstance(body.get("template"), str):
        raise InputError(f"FaceChain: a template portrait takes {', '.join(sorted(_KEYS))}; template is a picture.")
    settings = read_template_settings(body.get("settings") or {})
    hair, strict = read_flag(body, "hair"), read_flag(body, "strict")
    template = read_template(decode_base64(body["template"]), name="the template")
    paints_faces, host = paints(settings), host or webui_host()
    actions, refused = resolve_actions(
        _choices(body.get("faces")), lambda choice: _load_source(host, choice, paint=paints_faces)
    )
    raise_left_out(refused, strict=strict)
    if paints_faces:
        settings = suited_settings(settings, host, steps_given="steps" in (body.get("settings") or {}))
    targets = find_template_faces(template.pixels, hair=hair and paints_faces)
    scorer = host.likeness_scorer() if chooses_by_likeness(settings) else None

    def work() -> TemplateResult:
        return make(
            template, actions, settings, host=host if paints_faces else None, targets=targets, scorer=scorer,
            progress=host_progress(host),
        )  # fmt: skip

    result = host.queued(work)() if paints_faces else work()
    large, result = enlarge_result(host, template, result, settings)
    left_out = [*refused, *result.left_out]
    raise_left_out(left_out, strict=strict)
    text = template_infotext(template, actions, settings, hair=hair and paints_faces, host_text=result.infotext)
    return answer(large, result.pixels, text, left_out) | {
        "faces": len(targets), "notes": [*refused, *result.notes],
    }  # fmt: skip


def answer(template: TemplateImage, pixels: Pixels, infotext: str, left_out: list[str]) -> dict[str, object]:
    """What every answer of a finished picture has: the labelled picture as PNG in base64, and ``info``."""
    picture = base64.b64encode(template.labelled(pixels, infotext)).decode("ascii")
    return {"picture": picture, "info": {"infotext": infotext, "left_out": left_out}}


def suited_settings(settings: Settings, host: WebuiHost, *, steps_given: bool) -> Settings:
    """``settings`` with what the webui has and what suits its checkpoint.

    Raises WeightsError when something that painting needs is missing.
    """
    capabilities = host.capabilities()
    require_ready(capabilities.needed)
    return settings.suited_to(capabilities.defaults, capabilities.ready_controls, steps_given=steps_given)


def raise_left_out(left_out: Sequence[str], *, strict: bool) -> None:
    """Raise InputError with all the reasons where a request wants everything or nothing."""
    if strict and left_out:
        raise InputError(" ".join(left_out))


def _choices(faces_by_key: object) -> dict[int, FaceChoice]:
    """What each face becomes; raises InputError for none, and as ``parse_face_choices`` does."""
    if not isinstance(faces_by_key, dict) or not faces_by_key:
        raise InputError('FaceChain: faces says who goes where, as in {"1": {"card": "Anna"}, "2": "pixelate"}.')
    return parse_face_choices(faces_by_key.items())


def _load_source(host: WebuiHost, choice: FaceChoice, *, paint: bool) -> FaceSource:
    if choice.kind == "card":
        return card_source(choice.reference, CardLibrary().load(choice.reference))
    return photo_source(faces.read_picture(request_picture(choice.reference)), host.encoder() if paint else None)


def webui_host() -> WebuiHost:
    """The webui as a Host."""
    from facechain_ext.hosts.webui.host import WebuiHost

    return WebuiHost()
