"""The recipes of jobs: each has facts of its own, and what earlier versions wrote down is read as it was."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from facechain_ext.errors import InputError
from facechain_ext.jobs.items import embedded
from facechain_ext.jobs.job_request import RECIPES, parse_job_request
from facechain_ext.jobs.records import JobFolder, public_facts
from facechain_ext.jobs.schema import request_schema

JOB_ID = "019acb4a1f3c0123456789abcdef"
ORDERS = {
    "portrait": {"card": "Anna", "prompt": "a photo", "settings": {"seed": 7, "count": 2, "strength": 0.6}},
    "portrait of photos": {
        "recipe": "portrait", "photos": ["dir/a.png", "b.png"], "face": 2, "style": "poster", "fuse": True,
        "settings": {"seed": 8, "framing": "full body", "hires_denoise": 0.3},
    },
    "template": {
        "recipe": "template", "template": "dir/party.png", "settings": {"seed": 7},
        "faces": {"1": {"card": "Anna"}, "2": "pixelate", "3": {"photo": "ben.png"}},
    },
    "template from words": {
        "recipe": "template", "scene": {"words": "a knight before a castle, from the front", "pose": "pose.png"},
        "faces": {"1": {"card": "Anna"}}, "settings": {"seed": 7, "quality": "standard"},
    },
    "detail": {"recipe": "detail", "picture": "a/b.png", "people": [{"photos": ["x", "y"]}], "settings": {"seed": 7}},
    "redraw": {"recipe": "redraw", "picture": "a/b.png", "settings": {"seed": 7, "look": "3D"}},
    "garment": {
        "recipe": "garment", "picture": "a/b.png", "points": {"inside": [[0.5, 0.6]]}, "people": [{"card": "Anna"}],
        "settings": {"seed": 7}, "pose": "pose.png",
    },
    "talk": {"recipe": "talk", "picture": "a/b.png", "voice": "v.wav", "agreed": True, "settings": {"seed": 7}},
    "clip": {"recipe": "clip", "clip": "a/c.mp4", "photo": "p.png", "agreed": True, "settings": {"mark": True}},
}  # fmt: skip
"""Orders as version 0.2.0 wrote them into ``order.json``."""
SAID = {
    "portrait": ("eb7505ae97a274bc14573c1442e7dfde", 2, 0, "Anna, a photo, seed 7"),
    "portrait of photos": ("73ea5d8852eea0c3c837f70f82ea6544", 1, 2, "a, poster, seed 8"),
    "template": ("1cfda7e0e556ea7a63aa6b31746d9e5b", 1, 2, "party, Anna, pixelate, ben, seed 7"),
    "template from words": ("7091f1f66016c0ea004296351f59e74f", 1, 0, "a knight before a castle, from, Anna, seed 7"),
    "detail": ("96bac3a19845d00af063c8f845bfb49b", 1, 3, "b, faces, seed 7"),
    "redraw": ("8cf44e952135dd61eb3118e8bf2fd81c", 1, 1, "b, drawn as 3D, seed 7"),
    "garment": ("24f85a920170b2992522d63600c109ae", 1, 1, "b, garment, seed 7"),
    "talk": ("78b71707a4a96b8715e2409eee8f2715", 1, 1, "b, talking, seed 7"),
    "clip": ("3b2640402dd977aca3c46b397d083fcf", 1, 2, "c, clip, seed 0"),
}
"""Their ids (each file's content is its name), pictures that are made and sent, and labels, of the same version."""
FILES = {
    "portrait": [],
    "portrait of photos": ["b.png", "dir/a.png"],
    "template": ["ben.png", "dir/party.png"],
    "template from words": ["pose.png"],
    "detail": ["a/b.png", "x", "y"],
    "redraw": ["a/b.png"],
    "garment": ["a/b.png", "pose.png"],
    "talk": ["a/b.png", "v.wav"],
    "clip": ["a/c.mp4", "p.png"],
}
"""The files that each names, beside the card."""
PROPERTIES = {
    "Portrait": "recipe photos card face style subject suits prompt negative_prompt fuse retouch judge settings",
    "Template": "recipe template scene faces hair retouch judge settings",
    "Detail": "recipe picture people judge settings",
    "Redraw": "recipe picture people judge settings",
    "Garment": "recipe picture mask points people garment pose settings",
    "Talk": "recipe picture voice say speaker speaker_voice send_words engine agreed settings",
    "Clip": "recipe clip photo card agreed settings",
}
RECORD = {
    "id": JOB_ID, "state": "queued", "owner": "", "client": "", "key": "", "order_digest": "", "recipe": "portrait",
    "count": 2, "created": 1764500000.0, "started": 0.0, "ended": 0.0, "starts": 0, "step": 0, "steps": 0,
    "pictures": [], "notes": [], "error": "",
}  # fmt: skip
ANSWER = "id state recipe position step steps seconds_left created started ended pictures notes error"


class NamedFiles:
    """Files that hold their own names, and remembers which were read."""

    def __init__(self):
        self.read = []

    def picture(self, reference):
        self.read.append(reference)
        return reference.encode()


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_has_the_id_and_the_words_that_it_always_had(name):
    request = parse_job_request(ORDERS[name])
    summary = request.facts.summary()
    assert (request.digest(str.encode), summary.count, summary.sent, summary.label) == SAID[name]
    assert request.recipe == ORDERS[name].get("recipe", "portrait")


@pytest.mark.parametrize("name", ORDERS)
def test_every_file_of_an_order_is_sent_along(name):
    files = NamedFiles()
    sent = embedded(parse_job_request(ORDERS[name]), files)
    assert sorted(set(files.read) - {"Anna"}) == FILES[name]
    assert sent.keys() == ORDERS[name].keys()


def test_each_recipe_has_facts_of_its_own_and_no_others():
    facts = {type(one.facts): one for one in map(parse_job_request, ORDERS.values())}
    assert len(facts) == len(RECIPES)
    names = {one.recipe: {field.name for field in fields(kind)} for kind, one in facts.items()}
    assert names["detail"] == {"settings", "picture", "people", "judge", "steps_given"}
    assert names["clip"] == {"settings", "clip", "photo", "card"}
    for kind, one in facts.items():
        assert is_dataclass(kind)
        with pytest.raises(FrozenInstanceError):
            one.facts.settings = None


@pytest.mark.parametrize("name", ORDERS)
def test_a_job_of_an_earlier_version_is_read(tmp_path, name):
    place, recipe = tmp_path / JOB_ID, ORDERS[name].get("recipe", "portrait")
    place.mkdir()
    (place / "job.json").write_text(json.dumps(RECORD | {"recipe": recipe}), encoding="utf-8")
    (place / "order.json").write_text(json.dumps(ORDERS[name]), encoding="utf-8")
    folder = JobFolder(tmp_path)
    (record,) = folder.load()
    assert " ".join(public_facts(record)) == ANSWER
    assert parse_job_request(folder.job_request(JOB_ID)).recipe == recipe
    folder.write(record)
    assert json.loads((place / "job.json").read_text(encoding="utf-8")) == RECORD | {"recipe": recipe}


def test_a_recipe_takes_the_keys_that_the_schema_shows():
    assert {one["title"]: " ".join(one["properties"]) for one in request_schema()["oneOf"]} == PROPERTIES
    shown = {title.lower(): {*text.split()} - {"recipe"} for title, text in PROPERTIES.items()}
    assert {name: recipe.keys for name, recipe in RECIPES.items()} == shown
    assert all(recipe.file_keys for recipe in RECIPES.values())


@pytest.mark.parametrize("name", ["portrait", "template", "detail", "redraw"])
def test_a_request_may_say_who_scores_likeness(name):
    order = {"recipe": name, **ORDERS[name]}
    assert parse_job_request(order).facts.judge == ""
    assert parse_job_request({**order, "judge": "DLib"}).facts.judge == "dlib"
    with pytest.raises(InputError, match="no judge of likeness called Bob"):
        parse_job_request({**order, "judge": "Bob"})
