"""Requests of a repair: the faces of a finished picture are painted anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.jobs.recipes.painting import finished, names_steps, suited
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary, photos_of
from facechain_ext.jobs.request_values import read_judge, read_people, read_template_settings, read_text
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces
from facechain_ext.recipes.finishing import enlarge_template
from facechain_ext.recipes.template import read_template
from facechain_ext.recipes.template.infotext import template_infotext

if TYPE_CHECKING:
    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.jobs.worker_types import RequestResult
    from facechain_ext.recipes.regions import RegionPrompt
    from facechain_ext.recipes.template import Settings


@dataclass(frozen=True)
class DetailFacts:
    """The faces of ``people`` in ``picture``, painted anew."""

    settings: Settings
    picture: str = field(repr=False)
    people: tuple[RegionPrompt, ...] = field(repr=False)
    judge: str = ""
    steps_given: bool = False
    """Whether the request names steps of its own."""

    def summary(self) -> RequestSummary:
        """Picture and seed."""
        label = f"{Path(self.picture).stem}, faces, seed {self.settings.seed}"
        return RequestSummary(label, 1 + photos_of(self.people))


def _parse(values: dict[str, object]) -> DetailFacts:
    picture, people = read_text(values, "picture", limit=None), read_people(values)
    if not picture:
        raise InputError("FaceChain: picture is the finished picture whose faces are painted anew.")
    if not people:
        raise InputError('FaceChain: people says whose faces are repaired, as in [{"card": "Anna"}].')
    settings = read_template_settings(values.get("settings", {}), DETAIL_SETTINGS)
    if settings.quality != DETAIL_SETTINGS.quality:
        raise InputError(f"FaceChain: a repair of faces has the quality {DETAIL_SETTINGS.quality}.")
    return DetailFacts(settings, picture, people, read_judge(values), steps_given=names_steps(values))


def _run(facts: DetailFacts, context: RecipeContext) -> RequestResult:
    settings = suited(facts.settings, context.host.capabilities(), steps_given=facts.steps_given)
    image = read_template(context.sources.picture(facts.picture), name="the picture")
    placed, refused = context.people.usable(facts.people, settings.strength)
    context.check_left_out(refused)
    labels, people = [label for label, _ in placed], [person for _, person in placed]
    scorer = context.host.likeness_scorer(facts.judge)

    def work() -> RequestResult:
        large, said = enlarge_template(context.host, image, settings)
        result, actions = repair_faces(
            large, people, settings, host=context.host, labels=labels, scorer=scorer, progress=context.progress
        )
        text = template_infotext(image, actions, settings, host_text=result.infotext)
        return finished(large, result, text, replace(settings, enlarge=0), context.host, refused, said)

    return context.host.queued(work)()


DETAIL = Recipe(
    frozenset({"picture", "people", "judge", "settings"}), frozenset({"picture", "photos", "card"}), _parse, _run
)
"""A repair of faces."""
