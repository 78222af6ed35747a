"""Thirty-six ways in which one login may ask for what belongs to another; each takes a name and gives the answer."""

from __future__ import annotations

import base64
import json

from facechain_ext.identity.library import CardLibrary
from facechain_ext.storage.owner import acting_as

MINE, NOBODYS = "Ida", "Zoe"
"""A card of the login Alice, and a name that no card has."""
TEXT = "a photo\nSteps: 4, FaceChain recipe: portrait, FaceChain identity: {0} 0123456789ab, FaceChain card: {0}"


def api(webui, method, path, name, **options):
    answer = webui.client.request(method, f"/facechain/v1/{path}", auth=("bob", "2"), **options)
    return answer.status_code, answer.text


def library(act):
    return lambda _webui, name: act(CardLibrary(), name)


def person(arguments):
    from facechain_ext.hosts.webui.people import resolve_people
    from facechain_ext.recipes.arguments import FaceArguments

    return resolve_people(FaceArguments.parse(arguments))


def pasted(_webui, name):
    from facechain_ext.hosts.webui import pasting

    text = {"FaceChain identity": f"{name} 0123456789ab", "FaceChain card": name}
    return pasting.restored_card(text), pasting.restore_notes(text)


def restored(_webui, name):
    from facechain_ext.ui.host import HostCapabilities
    from facechain_ext.ui.portrait.infotext import from_infotext

    form = from_infotext(TEXT.format(name), HostCapabilities(), CardLibrary().names())
    return form.card, form.notes


def template_face(_webui, name):
    from facechain_ext.recipes.template.actions import FaceChoice
    from facechain_ext.ui.template.choices import face_choices
    from facechain_ext.ui.template.jobs import load_source

    return face_choices([]), load_source(None, None, FaceChoice("card", name))


def page_person(_webui, name):
    from facechain_ext.ui.portrait.person import load_identity
    from facechain_ext.ui.portrait.person_request import PersonRequest

    return load_identity(None, PersonRequest(card=name))


def page_mix(_webui, name):
    from facechain_ext.ui.portrait.person import load_identity
    from facechain_ext.ui.portrait.person_request import PersonRequest

    return load_identity(None, PersonRequest(card="Anna", second=name, mix=50.0))


def card_list(_webui, _name):
    from facechain_ext.hosts.webui import accordion
    from facechain_ext.ui.portrait.generation_panel import people_boxes_html

    return accordion._cards(), people_boxes_html(), CardLibrary().names(MINE)


def tiles(_webui, name):
    from facechain_ext.ui.people import gallery

    return gallery.tiles_html(name), gallery.tiles_html("", name)


def details(_webui, name):
    from facechain_ext.ui.people import gallery

    return gallery.card_details_html(name)


def exported(_webui, name):
    from facechain_ext.ui.people.card_actions import export_card_html

    return export_card_html(name)


def mixed(_webui, name):
    from facechain_ext.ui.people.card_actions import mix_cards

    return mix_cards(["Anna", name], [50, 50], "Mix")


def shared(_webui, name):
    from facechain_ext.ui.people.card_actions import toggle_sharing

    return toggle_sharing(name)


def row_delete(_webui, name):
    from facechain_ext.hosts.webui.card_row import delete

    return delete(name)


def previewed(_webui, name):
    from facechain_ext.hosts.webui.preview import preview

    return preview([], name, 0)


def preset(_webui, name):
    from facechain_ext.ui.portrait import presets

    return presets.names(), presets.exists(name), presets.load(name)


def preset_delete(_webui, name):
    from facechain_ext.ui.portrait import presets

    return presets.delete(name)


def template_tile(_webui, name):
    from facechain_ext.ui.template import gallery

    return gallery.tiles_html(f"{name}.png"), gallery.selected_files(f"{name}.png")


def template_delete(_webui, name):
    from facechain_ext.ui.template import gallery

    return gallery.delete_templates([f"{name}.png"])


def job_with_card(webui, name):
    """A job of Bob's that names the card, made as the webui's worker makes it."""
    from facechain_ext.jobs.request_sources import RequestSources

    with acting_as(webui.queue._owner_named("bob")):
        return RequestSources().card(name)


def job_id(webui, name):
    return webui.job if name == MINE else "0" * 28


def repaired(_webui, name):
    from facechain_ext.jobs.recipes.recipe import RequestPeople
    from facechain_ext.jobs.request_sources import RequestSources
    from facechain_ext.recipes.regions import parse_region_prompts

    return RequestPeople(None, RequestSources()).usable(parse_region_prompts([{"card": name}]), 0.5)


TEMPLATE = {"template": "x", "faces": {"1": {"card": "?"}}}


def sent(path, body):
    """A request of the API whose ``?`` is the card's name."""
    return lambda webui, name: api(
        webui, "POST", path, name,
        content=json.dumps(body).replace("?", name).replace(
            '"x"', json.dumps(base64.b64encode(webui.picture.read_bytes()).decode())
        ),
    )  # fmt: skip


WAYS = {
    "lists of the accordion, boxes, search": card_list,
    "page: the person": page_person,
    "page: mix with": page_mix,
    "page: restore a picture": restored,
    "page: tiles": tiles,
    "page: details": details,
    "page: export": exported,
    "page: mix cards": mixed,
    "page: share": shared,
    "page: face of a template": template_face,
    "library: load": library(lambda cards, name: cards.load(name)),
    "library: facts": library(lambda cards, name: cards.facts(name)),
    "library: path": library(lambda cards, name: cards.path(name).is_file()),
    "library: rename": library(lambda cards, name: cards.rename(name, "Other")),
    "library: delete": library(lambda cards, name: cards.delete(name)),
    "library: share": library(lambda cards, name: cards.share(name, on=True)),
    "accordion: preview": previewed,
    "accordion: delete": row_delete,
    "accordion: paste": pasted,
    "request: card": lambda _webui, name: person({"card": name}),
    "request: mix with": lambda _webui, name: person({"card": "Anna", "mix_with": name, "mix_share": 50}),
    "request: several people": lambda _webui, name: person(
        {"card": "Anna", "people": f"{name}: 0.5, 0, 1, 1", "box": "0, 0, 0.5, 1"}
    ),
    "API: cards": lambda webui, name: api(webui, "GET", "cards", name),
    "API: template": sent("template", TEMPLATE),
    "API: detail": repaired,
    "job with the card": job_with_card,
    "job: state": lambda webui, name: api(webui, "GET", f"jobs/{job_id(webui, name)}", name),
    "job: events": lambda webui, name: api(webui, "GET", f"jobs/{job_id(webui, name)}/events", name),
    "job: preview": lambda webui, name: api(webui, "GET", f"jobs/{job_id(webui, name)}/preview", name),
    "job: picture": lambda webui, name: api(webui, "GET", f"jobs/{job_id(webui, name)}/pictures/1", name),
    "job: stop": lambda webui, name: api(webui, "DELETE", f"jobs/{job_id(webui, name)}", name),
    "jobs": lambda webui, name: api(webui, "GET", "jobs", name),
    "preset": preset,
    "preset: delete": preset_delete,
    "template": template_tile,
    "template: delete": template_delete,
}
