"""Requests: what is refused and how, and what their ids depend on."""

from __future__ import annotations

import json

import pytest

from facechain_ext.errors import InputError
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.schema import EXAMPLES, request_schema

PORTRAIT = {"card": "Anna", "prompt": "a photo"}
TEMPLATE = {"recipe": "template", "template": "x", "faces": {"1": {"card": "Anna"}}}
GARMENT = {"recipe": "garment", "picture": "x", "mask": "m", "people": [{"card": "Anna"}]}
BAD = {
    "no object": ([], "object"),
    "unknown recipe": ({"recipe": "film"}, "recipe is 'film'"),
    "unknown key": ({**PORTRAIT, "steps": 3}, "no 'steps'"),
    "nobody": ({"prompt": "a photo"}, "photos of one person, or a card"),
    "two people": ({**PORTRAIT, "photos": ["x"]}, "one of the two"),
    "photos no list": ({"photos": "x", "prompt": "y"}, "photos is a list"),
    "too many photos": ({"photos": ["x"] * 17, "prompt": "y"}, "up to 16"),
    "nothing to show": ({"card": "Anna"}, "prompt"),
    "a prompt without end": ({**PORTRAIT, "prompt": "x" * 4001}, "prompt"),
    "face of another kind": ({**PORTRAIT, "face": True}, "face is True"),
    "suits nobody": ({**PORTRAIT, "suits": "dog"}, "suits is 'dog'"),
    "settings no object": ({**PORTRAIT, "settings": 3}, "settings is an object"),
    "unknown setting": ({**PORTRAIT, "settings": {"speed": 3}}, "no setting 'speed'"),
    "out of range": ({**PORTRAIT, "settings": {"steps": 0}}, "steps"),
    "not a number": ({**PORTRAIT, "settings": {"cfg": float("nan")}}, "cfg"),
    "width of seven": ({**PORTRAIT, "settings": {"width": 513}}, "width"),
    "keeps more than it makes": ({**PORTRAIT, "settings": {"keep": 3, "count": 2}}, "keep"),
    "flag of another kind": ({**PORTRAIT, "fuse": 1}, "fuse is true or false"),
    "template without faces": ({**TEMPLATE, "faces": {}}, "faces says who"),
    "template without picture": ({"recipe": "template", "faces": {"1": "keep"}}, "a template is a picture, or a scene"),
    "scene without words": ({"recipe": "template", "scene": {"tries": 2}, "faces": {"1": "keep"}}, "say with words"),
    "scene that is a text": ({"recipe": "template", "scene": "x", "faces": {"1": "keep"}}, "scene is an object"),
    "scene with a strange setting": (
        {"recipe": "template", "scene": {"words": "x", "sides": 1}, "faces": {"1": "keep"}},
        "knows no setting .sides",
    ),
    "what a recipe alone sets": ({**TEMPLATE, "settings": {"method_settings": "x"}}, "no setting 'method_settings'"),
    "unknown quality": ({**TEMPLATE, "settings": {"quality": "best"}}, "quality"),
    "detail without picture": ({"recipe": "detail", "people": [{"card": "Anna"}]}, "picture is the finished"),
    "detail of nobody": ({"recipe": "detail", "picture": "x"}, "people says whose"),
    "detail of another quality": (
        {"recipe": "detail", "picture": "x", "people": [{"card": "Anna"}], "settings": {"quality": "instant"}},
        "quality standard",
    ),
    "redraw without picture": ({"recipe": "redraw"}, "picture is the photo that is drawn anew"),
    "redraw in no look": ({"recipe": "redraw", "picture": "x", "settings": {"look": "velvet"}}, "draws no 'velvet'"),
    "redraw too far": ({"recipe": "redraw", "picture": "x", "settings": {"denoise": 2}}, "denoise"),
    "garment without mark": ({**GARMENT, "mask": ""}, "by a mask, or by points"),
    "garment with two marks": ({**GARMENT, "points": {"inside": [[0, 0]]}}, "one of the two"),
    "garment of nobody": ({**GARMENT, "people": []}, "who wears the kept garment"),
    "garment of two": ({**GARMENT, "people": [{"card": "Anna"}, {"card": "Ben"}]}, "one person"),
    "garment put on somebody else": ({**GARMENT, "garment": "y"}, "leave people out"),
    "points of another kind": ({**GARMENT, "mask": "", "points": [0.5, 0.5]}, "points is an object"),
    "a point beyond": ({**GARMENT, "mask": "", "points": {"inside": [[0.5, 1.5]]}}, "a point is x and y"),
    "a point of three": ({**GARMENT, "mask": "", "points": {"inside": [[0.5, 1, 0]]}}, "a point is x and y"),
    "unknown setting of a garment": ({**GARMENT, "settings": {"controls": []}}, "no setting 'controls'"),
    "face of a template": ({**TEMPLATE, "faces": {"1": 3}}, "a face becomes"),
}


@pytest.mark.parametrize(("values", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named(values, words):
    with pytest.raises(InputError, match=words):
        parse_job_request(values)


def test_an_order_has_the_settings_of_its_recipe():
    settings = {"seed": 5, "strength": 0.7, "hires_scale": 1.5, "count": 3, "keep": 2, "window": [0.1, 0.9]}
    job_request = parse_job_request({**PORTRAIT, "style": "poster", "settings": settings})
    made = job_request.facts.settings
    assert (made.seed, made.strength, made.count, made.keep, made.window) == (5, 0.7, 3, 2, (0.1, 0.9))
    assert made.hires.scale == 1.5
    painting = parse_job_request({**TEMPLATE, "settings": {"quality": "standard", "denoise": 0.4}}).facts.settings
    assert (painting.quality, painting.denoise) == ("standard", 0.4)


def test_the_id_depends_on_what_files_hold_and_not_on_their_names():
    contents = {"a.png": b"one", "b.png": b"one", "c.png": b"two"}

    def digest(photo, **further):
        return parse_job_request({"photos": [photo], "prompt": "p", **further}).digest(contents.__getitem__)

    assert digest("a.png") == digest("b.png")
    assert len({digest("a.png"), digest("c.png"), digest("a.png", settings={"seed": 1})}) == 3


def test_the_schema_has_the_defaults_of_each_recipe():
    kinds = {one["title"]: one["properties"]["settings"]["properties"] for one in request_schema()["oneOf"]}
    assert [kinds[title]["denoise"]["default"] for title in ("Template", "Detail")] == [0.6, 0.4]
    assert kinds["Detail"]["quality"]["enum"] == ["standard"]
    assert "instant" in kinds["Template"]["quality"]["enum"]


def test_every_example_of_the_schema_is_an_order():
    for example in EXAMPLES.values():
        parse_job_request(example["value"])
    text = json.dumps(request_schema())
    for name in ("strength", "hires_scale", "quality", "maxItems"):
        assert f'"{name}"' in text
