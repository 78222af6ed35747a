"""Repair of faces over the API: from a finished picture and its people to the picture with their faces painted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError, InputError, PhotoError, WeightsError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.hosts.webui.people import resolve_identity
from facechain_ext.hosts.webui.template_route import (
    answer,
    raise_left_out,
    suited_settings,
    webui_host,
)
from facechain_ext.jobs.request_values import read_flag, read_template_settings
from facechain_ext.recipes.arguments import FaceArguments
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces
from facechain_ext.recipes.finishing import enlarge_template
from facechain_ext.recipes.regions import parse_region_prompts, placed_person
from facechain_ext.recipes.shared_progress import host_progress
from facechain_ext.recipes.template import read_template
from facechain_ext.recipes.template.infotext import template_infotext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.regions import RegionPrompt
    from facechain_ext.recipes.template import TemplateImage, TemplateResult
    from facechain_ext.recipes.template.settings import FaceAction

_KEYS = frozenset({"picture", "people", "settings", "strict"})


def create_repaired_picture(body: object, host: WebuiHost | None = None) -> dict[str, object]:
    """The answer to a request: the picture as PNG in base64, notes (who was painted into which face) and info.

    ``body`` has ``picture`` (base64), ``people`` (a list of objects with ``card`` or ``photos``, and optionally ``box``
    and ``strength``, from the left) and optionally ``settings`` and ``strict`` as a template portrait has them. Raises
    FaceChainError that names what is wrong.
    """
    if not isinstance(body, dict) or not set(body) <= _KEYS or not isinstance(body.get("picture"), str):
        raise InputError(f"FaceChain: a repair of faces takes {', '.join(sorted(_KEYS))}; picture is a picture.")
    given = body.get("settings") or {}
    settings = read_template_settings(given, DETAIL_SETTINGS)
    if settings.quality != DETAIL_SETTINGS.quality:
        raise InputError(f"FaceChain: a repair of faces has the quality {DETAIL_SETTINGS.quality}.")
    strict = read_flag(body, "strict")
    picture = read_template(decode_base64(body["picture"]), name="the picture")
    prompts = parse_region_prompts(body.get("people") or ())
    if not prompts:
        raise InputError('FaceChain: people says whose faces are repaired, as in [{"card": "Anna"}].')
    host = host or webui_host()
    settings = suited_settings(settings, host, steps_given="steps" in given)
    people, indices, refused = _people(prompts, settings.strength)
    raise_left_out(refused, strict=strict)
    labels = [f"card {prompts[index].card}" if prompts[index].card else "" for index in indices]
    scorer = host.likeness_scorer()

    def work() -> tuple[TemplateResult, Mapping[int, FaceAction], TemplateImage, tuple[str, ...]]:
        large, said = enlarge_template(host, picture, settings)
        result, actions = repair_faces(
            large, people, settings, host=host, labels=labels, scorer=scorer, progress=host_progress(host)
        )
        return result, actions, large, said

    result, actions, large, said = host.queued(work)()
    left_out = [*refused, *result.left_out]
    raise_left_out(left_out, strict=strict)
    text = template_infotext(picture, actions, settings, host_text=result.infotext)
    return answer(large, result.pixels, text, left_out) | {"notes": [*refused, *said, *result.notes]}


def _people(prompts: Sequence[RegionPrompt], strength: float) -> tuple[list[Person], list[int], list[str]]:
    """Those who can be used, their indices in the request, and a sentence for each other.

    Raises the first InputError, PhotoError or WeightsError when nobody is left.
    """
    people: list[Person] = []
    indices: list[int] = []
    refused: list[str] = []
    first: FaceChainError | None = None
    for index, prompt in enumerate(prompts):
        try:
            identity = resolve_identity(FaceArguments(card=prompt.card, photos=prompt.photos))
        except (InputError, PhotoError, WeightsError) as error:
            first = first or error
            refused.append(f"Person {index + 1} is left out: {error}")
            continue
        people.append(placed_person(identity, prompt, strength))
        indices.append(index)
    if first is not None and not people:
        raise first
    return people, indices, refused
