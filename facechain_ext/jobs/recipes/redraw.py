"""Requests of a drawing of a picture, in which its people are kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.jobs.recipes.painting import names_steps
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary, photos_of
from facechain_ext.jobs.request_values import read_judge, read_people, read_photo, read_settings, setting_texts
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.redraw.recipe import people_of_picture, redraw
from facechain_ext.recipes.redraw.settings import (
    REDRAW_SETTINGS,
    RedrawSettings,
    check_redraw_settings,
    person_strength,
)
from facechain_ext.recipes.template import read_template

if TYPE_CHECKING:
    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.recipes.regions import RegionPrompt


@dataclass(frozen=True)
class RedrawFacts:
    """A drawing of ``picture`` that keeps ``people``; without any, the people of the picture itself."""

    settings: RedrawSettings
    picture: str = field(repr=False)
    people: tuple[RegionPrompt, ...] = field(default=(), repr=False)
    judge: str = ""
    steps_given: bool = False
    """Whether the request names steps of its own."""

    def summary(self) -> RequestSummary:
        """Picture, look and seed."""
        label = f"{Path(self.picture).stem}, drawn as {self.settings.look}, seed {self.settings.seed}"
        return RequestSummary(label, 1 + photos_of(self.people))


def _parse(values: dict[str, object]) -> RedrawFacts:
    texts = setting_texts(RedrawSettings, REDRAW_SETTINGS)
    given = read_settings(values.get("settings", {}), REDRAW_SETTINGS, texts)
    settings = replace(RedrawSettings(), **given)
    check_redraw_settings(settings)
    picture = read_photo(values, "that is drawn anew")
    return RedrawFacts(settings, picture, read_people(values), read_judge(values), steps_given=names_steps(values))


def _run(facts: RedrawFacts, context: RecipeContext) -> RequestResult:
    host, strength = context.host, person_strength(facts.settings)
    people, notes = [person for _, person in context.people.placed(facts.people, strength)], tuple[str, ...]()
    capabilities = host.capabilities()
    require_ready(capabilities.needed)
    settings = facts.settings.suited_to(capabilities.defaults, steps_given=facts.steps_given)
    image = read_template(context.sources.picture(facts.picture), name="the picture")
    if not people:
        own, left = people_of_picture(image, host.encoder())
        people, notes = [Person(identity, strength) for identity in own], tuple(left)
    scorer = host.likeness_scorer(facts.judge)

    def work() -> RequestResult:
        result = redraw(
            image, people, settings, host=host, scorer=scorer, lora_folders=host.lora_folders(),
            progress=context.progress,
        )  # fmt: skip
        content = result.image.labelled(result.image.pixels, result.infotext)
        found = result.likeness
        made = MadePicture(
            content, result.infotext, result.seed, None if found is None else found.cosine,
            judged="" if found is None else str(found),
        )  # fmt: skip
        return RequestResult((made,), (*notes, *result.notes), result.stopped, (*notes, *result.left_out))

    return host.queued(work)()


REDRAW = Recipe(
    frozenset({"picture", "people", "judge", "settings"}), frozenset({"picture", "photos", "card"}), _parse, _run
)
"""A drawing of a picture."""
