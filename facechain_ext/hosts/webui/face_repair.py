"""Repair of the faces in a finished picture of txt2img or img2img, inside the generation that makes it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import WeightsError
from facechain_ext.hosts.webui import generation, models, settings
from facechain_ext.hosts.webui.execution import ErrorCapture
from facechain_ext.hosts.webui.recipe_progress import repairs_counted
from facechain_ext.hosts.webui.tab_request import TabRequest
from facechain_ext.identity.likeness_scorer import choose_scorer
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.hosts.webui.host_types import PostprocessedImage, Processing
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.job import Job, Person, Portrait
    from facechain_ext.recipes.template import Settings

log = logging.getLogger(__name__)

_AUTOMATIC_SCHEDULE = "Automatic"
"""The webui's name of the schedule that belongs to a sampler."""


class NestedHost:
    """The Host inside a running generation: on its thread, in its place of the queue, and counted in its progress."""

    name = "webui"

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> list[Portrait]:
        """Make the pictures of ``job``; none after the user's interrupt. Raises HostError as ``WebuiHost`` does."""
        del ready
        from modules import shared

        if shared.state.interrupted or shared.state.skipped or shared.state.stopping_generation:
            return []
        request = TabRequest(job, progress)
        with ErrorCapture() as errors:
            try:
                processed = generation.process_request(request, lambda process: process())
            finally:
                if request.error is not None:
                    shared.state.interrupted = False  # it was set by TabRequest.fail, not by the user
        generation.raise_errors(request, errors)
        return generation.collect_portraits(processed, request.finished, tuple(request.notes))


def repair(p: Processing, processed: PostprocessedImage, people: Sequence[Person], method: str) -> list[str]:
    """Paint the people's faces in the picture that ``p`` has just finished, and give sentences on it.

    Prompt, sampler, steps, CFG scale and ``method`` are those of the picture. Raises FaceChainError when no face can be
    repaired; the picture is then unchanged.
    """
    from modules import shared

    picture: Image.Image = processed.image
    pixels, chosen = np.asarray(picture.convert("RGB")), replace(_settings(p), method=method)
    with repairs_counted(p, shared.state, len(people)):
        result, _ = repair_faces(pixels, people, chosen, host=NestedHost(), scorer=_scorer())
    repaired = Image.fromarray(result.pixels)
    if "A" in picture.getbands():
        repaired.putalpha(picture.getchannel("A"))
    repaired.info.update(picture.info)
    processed.image = repaired
    return list(result.notes)


def _settings(p: Processing) -> Settings:
    index = getattr(p, "iteration", 0) * p.batch_size + getattr(p, "batch_index", 0)
    schedule = getattr(p, "scheduler", None) or _AUTOMATIC_SCHEDULE
    sampler = p.sampler_name if schedule == _AUTOMATIC_SCHEDULE else f"{p.sampler_name} {schedule}"
    return replace(
        DETAIL_SETTINGS,
        prompt=p.all_prompts[index],
        negative_prompt=p.all_negative_prompts[index],
        seed=int(p.all_seeds[index]),
        steps=p.steps,
        cfg=p.cfg_scale,
        sampler=sampler,
        sides=models.defaults().painted,
    )


def _scorer() -> LikenessScorer | None:
    """The scorer of likeness; None, which the notes then name, where its weights are missing."""
    try:
        return choose_scorer(models.encoder, settings.judge())
    except WeightsError as error:
        log.warning("faces are matched without a score of likeness: %s", error)
        return None
