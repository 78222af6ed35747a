"""Requests of a garment in a picture: kept and worn by somebody else, or put on the person of the picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.jobs.recipes.painting import names_steps
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary, photos_of
from facechain_ext.jobs.request_values import (
    MAX_POINTS,
    read_people,
    read_photo,
    read_settings,
    read_text,
    setting_texts,
)
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.recipes.finishing import enlarge_result
from facechain_ext.recipes.garment.marking import mark_garment, read_mask
from facechain_ext.recipes.garment.recipe import keep_garment
from facechain_ext.recipes.garment.settings import GARMENT_SETTINGS, GarmentSettings, check_garment_settings
from facechain_ext.recipes.garment.wear import wear_garment
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.template import read_template
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.recipes.garment.marking import Point
    from facechain_ext.recipes.garment.recipe import GarmentResult
    from facechain_ext.recipes.regions import RegionPrompt

    Points = tuple[tuple[Point, ...], tuple[Point, ...]]
    """In and beside the garment."""

_KEYS = frozenset({"picture", "people", "mask", "points", "garment", "pose", "settings"})


@dataclass(frozen=True)
class GarmentFacts:
    """The garment in ``picture`` that ``mask``, or else ``points`` in and beside it, mark.

    It is kept, and the one of ``people`` painted into it; or the ``garment`` of another picture takes its place.
    """

    settings: GarmentSettings
    picture: str = field(repr=False)
    people: tuple[RegionPrompt, ...] = field(default=(), repr=False)
    mask: str = field(default="", repr=False)
    points: Points = ((), ())
    garment: str = field(default="", repr=False)
    pose: str = field(default="", repr=False)
    steps_given: bool = False
    """Whether the request names steps of its own."""

    def summary(self) -> RequestSummary:
        """Picture and seed."""
        label = f"{Path(self.picture).stem}, garment, seed {self.settings.seed}"
        return RequestSummary(label, 1 + photos_of(self.people))


def _parse(values: dict[str, object]) -> GarmentFacts:
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
    return GarmentFacts(
        settings,
        read_photo(values, "of the garment, or of the person who puts one on"),
        people,
        mask,
        points,
        garment,
        read_text(values, "pose", limit=None),
        steps_given=names_steps(values),
    )


def _points(given: object) -> Points:
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


def _run(facts: GarmentFacts, context: RecipeContext) -> RequestResult:
    host, sources = context.host, context.sources
    wearers = context.people.placed(facts.people, facts.settings.strength)
    capabilities = host.capabilities()
    require_ready(capabilities.needed)
    settings = facts.settings.suited_to(
        capabilities.defaults, capabilities.ready_controls, steps_given=facts.steps_given
    )
    image = read_template(sources.picture(facts.picture), name="the picture")
    if facts.mask:
        mask = read_mask(sources.picture(facts.mask), image.pixels)
    else:
        mask = mark_garment(image.pixels, *facts.points)
    garment = read_template(sources.picture(facts.garment), name="the garment") if facts.garment else None
    pose = Image.fromarray(context.picture(facts.pose).pixels) if facts.pose else None

    def dress() -> GarmentResult:
        if garment is not None:
            return wear_garment(image, mask, garment, settings, host=host, progress=context.progress)
        label, person = wearers[0]
        return keep_garment(image, mask, person, settings, host=host, label=label, pose=pose, progress=context.progress)

    def work() -> RequestResult:
        large, result = enlarge_result(host, image, dress(), settings)
        made = MadePicture(large.labelled(result.pixels, result.infotext), result.infotext, result.seed)
        return RequestResult((made,), result.notes, result.stopped, result.left_out)

    return host.queued(work)()


GARMENT = Recipe(_KEYS, frozenset({"picture", "photos", "card", "mask", "garment", "pose"}), _parse, _run)
"""A garment, kept or put on."""
