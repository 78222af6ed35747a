"""Requests that begin with a picture: for a drawing of it, and for a garment in it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.jobs.request_values import MAX_POINTS, read_settings, read_text
from facechain_ext.recipes.garment.settings import GARMENT_SETTINGS, GarmentSettings, check_garment_settings
from facechain_ext.recipes.redraw.settings import REDRAW_SETTINGS, RedrawSettings, check_redraw_settings
from facechain_ext.recipes.regions import parse_region_prompts
from facechain_ext.recipes.template.scene import SCENE_SETTINGS, Scene, check_scene
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.methods.setting import Setting
    from facechain_ext.recipes.garment.marking import Point
    from facechain_ext.recipes.regions import RegionPrompt

REDRAW_KEYS = frozenset({"recipe", "picture", "people", "settings"})
GARMENT_KEYS = frozenset({"recipe", "picture", "people", "mask", "points", "garment", "pose", "settings"})
SCENE_TEXTS = ("words", "negative_prompt", "lora")
"""Texts of a scene; its pose is a picture and read apart."""
_FROM_HOST = frozenset({"controls", "sides"})


def setting_texts(settings: type, rows: Sequence[Setting]) -> frozenset[str]:
    """The names of the settings that are texts and have no row in the table of settings."""
    return frozenset(one.name for one in fields(settings)) - {row.name for row in rows} - _FROM_HOST


def read_people(values: dict[str, object]) -> tuple[RegionPrompt, ...]:
    """The people of a request, none without them; raises InputError for what is no list of cards and photos."""
    people = parse_region_prompts(values.get("people") or ())
    if not all(isinstance(photo, str) and photo for person in people for photo in person.photos):
        raise InputError("FaceChain: photos is a list of pictures.")
    return people


def read_redraw(values: dict[str, object]) -> dict[str, Any]:
    """The parts of a request for a drawing; raises InputError that names the first thing that is wrong."""
    texts = setting_texts(RedrawSettings, REDRAW_SETTINGS)
    given = read_settings(values.get("settings", {}), REDRAW_SETTINGS, texts)
    settings = replace(RedrawSettings(), **given)
    check_redraw_settings(settings)
    return {"template": _picture(values, "that is drawn anew"), "people": read_people(values), "drawing": settings}


def read_garment(values: dict[str, object]) -> dict[str, Any]:
    """The parts of a request for a garment's picture; raises InputError that names the first thing that is wrong."""
    texts = setting_texts(GarmentSettings, GARMENT_SETTINGS)
    given = read_settings(values.get("settings", {}), GARMENT_SETTINGS, texts)
    settings = replace(GarmentSettings(), **given)
    check_garment_settings(settings)
    mask, points = read_text(values, "mask", limit=None), _points(values.get("points"))
    if bool(mask) == bool(points[0]):
        raise InputError("FaceChain: a garment is marked by a mask, or by points; one of the two.")
    people, garment = read_people(values), read_text(values, "garment", limit=None)
    if not garment and len(people) != 1:
        raise InputError('FaceChain: people says who wears the kept garment: one person, as in [{"card": "Anna"}].')
    if garment and people:
        raise InputError("FaceChain: a garment is put on the person of the picture; leave people out.")
    return {
        "template": _picture(values, "of the garment, or of the person who puts one on"), "people": people,
        "dressing": settings, "mask": mask, "points": points, "garment": garment,
        "pose": read_text(values, "pose", limit=None),
    }  # fmt: skip


def read_scene(values: Mapping[str, object]) -> tuple[Scene | None, str]:
    """The scene of a request without its pose, None without it, and the reference of the pose's picture.

    Raises InputError that names the first thing that is wrong.
    """
    given = values.get("scene")
    if given is None:
        return None, ""
    if not isinstance(given, dict):
        raise InputError('FaceChain: scene is an object, as in {"words": "a knight before a castle"}.')
    found = {name: one for name, one in given.items() if name != "pose"}
    scene = Scene(**{"words": "", **read_settings(found, SCENE_SETTINGS, SCENE_TEXTS)})
    check_scene(scene)
    return scene, read_text(given, "pose", limit=None)


def _picture(values: dict[str, object], purpose: str) -> str:
    picture = read_text(values, "picture", limit=None)
    if not picture:
        raise InputError(f"FaceChain: picture is the photo {purpose}.")
    return picture


def _points(given: object) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Points in and beside the garment, from {"inside": [[x, y]], "outside": [[x, y]]}."""
    if given is None:
        return (), ()
    if not isinstance(given, dict) or not set(given) <= {"inside", "outside"}:
        raise InputError('FaceChain: points is an object, as in {"inside": [[0.5, 0.6]], "outside": [[0.1, 0.1]]}.')
    return _pairs(given.get("inside", [])), _pairs(given.get("outside", []))


def _pairs(given: object) -> tuple[Point, ...]:
    if not isinstance(given, list) or len(given) > MAX_POINTS:
        raise InputError(f"FaceChain: points are up to {MAX_POINTS} pairs of x and y, each from 0 to 1.")
    return tuple(map(_pair, given))


def _pair(given: object) -> Point:
    numbers = (
        [n for n in given if isinstance(n, (int, float)) and not isinstance(n, bool) and 0 <= n <= 1]
        if isinstance(given, (list, tuple)) and len(given) == 2
        else []
    )
    if len(numbers) != 2:
        raise InputError(f"FaceChain: a point is x and y, each from 0 to 1, not {shorten(given)}.")
    return float(numbers[0]), float(numbers[1])
