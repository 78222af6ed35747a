"""The style portrait: one person in one style, as often as asked, the best first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from facechain_ext.devices import diffusion_device
from facechain_ext.errors import FaceChainError
from facechain_ext.identity.likeness_scorer import mean_likeness, rank_by_likeness, remarks_of
from facechain_ext.recipes.early_choice import EarlyChoice
from facechain_ext.recipes.framing import FULL_BODY
from facechain_ext.recipes.job import Control, Job, Lora, Person
from facechain_ext.recipes.labelling import label_image, mark_picture
from facechain_ext.recipes.portrait_settings import PORTRAIT_DEFAULTS
from facechain_ext.recipes.postprocess import PostprocessPipeline
from facechain_ext.recipes.shared_progress import SharedProgress
from facechain_ext.recipes.style_settings import (
    FULL_BODY_TEMPLATE,
    GROUP_TEMPLATE,
    TEMPLATE,
    Settings,
    check_settings,
    finishing_remarks,
)
from facechain_ext.recipes.subject import group_words
from facechain_ext.styles import NEGATIVE, StyleError, find_lora
from facechain_ext.weights import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.identity.photo_judge import PhotoCheck
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Portrait
    from facechain_ext.styles import Style, Subject

logger = logging.getLogger(__name__)


class FaceTool(Protocol):
    """Something that finishes a picture with the help of the user's photo, such as fusing the face or retouching skin.

    Raises PhotoError when it finds no face to work on.
    """

    @property
    def name(self) -> str:
        """What it is called on the page and in notes."""
        ...

    def __call__(self, picture: Image.Image, photo: Image.Image | None) -> Image.Image:
        """The finished picture, of the same size."""
        ...


class Finisher(Protocol):
    """What works on a finished picture with the host, such as enlarging it or painting its faces anew."""

    def steps(self, job: Job) -> int:
        """What one picture counts in the progress: about the steps that are sampled for it."""
        ...

    def finish(
        self, portrait: Portrait, job: Job, progress: Callable[[int, int], bool] | None = None
    ) -> tuple[Image.Image, list[str]]:
        """The finished picture, and sentences on it; what cannot be done stays as it was."""
        ...

    def skipped(self, count: int, total: int) -> str:
        """A sentence on ``count`` of ``total`` pictures that a stop left as they were."""
        ...


@dataclass(frozen=True)
class Finished:
    """One finished picture.

    ``likeness`` is the scorer's or None; ``before`` the picture as generated when something was done to it
    after, else None; ``notes`` what did not go as asked for this picture; ``check`` what a second network says of it,
    where somebody has asked it.
    """

    portrait: Portrait
    likeness: Likeness | None = None
    before: Image.Image | None = None
    notes: tuple[str, ...] = ()
    check: PhotoCheck | None = None


@dataclass(frozen=True)
class Result:
    """The pictures, the job that made them, and what did not go as asked for all of them.

    The first picture was the most like when it left the host; a finisher may have changed its likeness since.
    """

    pictures: tuple[Finished, ...]
    job: Job
    notes: tuple[str, ...] = ()


def plan(
    identity: Identity,
    style: Style | None,
    settings: Settings,
    *,
    subject: str = "",
    suits: Subject = "anyone",
    prompt: str = "",
    negative_prompt: str = "",
    pose: Image.Image | None = None,
    lora_folders: Sequence[Path] = (),
    people: int = 1,
) -> tuple[Job, tuple[str, ...]]:
    """The job for a style portrait, and what in it is not as asked.

    ``subject`` are the words for the person, ``prompt`` and ``negative_prompt`` the user's own, added to the style's.
    ``suits`` is whom the style must suit, ``people`` how many will be in the picture. Raises StyleError for a style
    that is not for children when the person is one, and InputError for settings out of range.
    """
    check_settings(settings)
    if style is not None and suits == "child" and not style.suits("child"):
        raise StyleError(f"The style {style.en} is for grown-ups. Choose one for children or for anyone.")
    notes: list[str] = []
    loras, with_lora = _loras(style, settings, lora_folders, notes)
    look = _without("" if style is None else style.positive if with_lora else style.prompt, subject)
    words = ", ".join(part for part in (look, prompt.strip(" ,")) if part)
    template = settings.template
    if template == TEMPLATE and settings.framing == FULL_BODY:
        template = FULL_BODY_TEMPLATE
    elif template == TEMPLATE and people > 1:
        template = GROUP_TEMPLATE
    full = template.replace("{subject}", group_words(subject, people)).replace("{style}", words)
    strength = (
        settings.strength
        if settings.strength is not None
        else style.strength
        if style
        else PORTRAIT_DEFAULTS["strength"]
    )
    negatives = (style.full_negative if style else NEGATIVE, negative_prompt.strip(" ,"))
    job = Job(
        prompt=", ".join(part.strip() for part in full.split(",") if part.strip()),
        negative_prompt=", ".join(part for part in negatives if part),
        people=(Person(identity, strength, settings.window),),
        adapter=settings.adapter or _suggested(style),
        count=settings.count,
        seed=settings.seed,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=settings.width,
        height=settings.height,
        loras=loras,
        controls=(Control("openpose", pose, settings.pose_weight, settings.pose_window),) if pose is not None else (),
        hires=settings.hires,
        remarks=finishing_remarks(settings),
    )
    return job, tuple(notes)


def make(
    host: Host,
    job: Job,
    *,
    keep: int | None = None,
    early: bool = False,
    scorer: LikenessScorer | None = None,
    photo: Image.Image | None = None,
    tools: Sequence[FaceTool] = (),
    notes: Sequence[str] = (),
    finisher: Finisher | None = None,
    progress: Callable[[int, int], bool] | None = None,
) -> Result:
    """Have ``host`` do ``job``, score the pictures, keep the best and finish them by ``finisher``, then by ``tools``.

    Where a GPU makes the pictures and the host tells of each, they are scored, and finished if all are kept, while the
    next one is made. ``finisher`` works after that choice: the pictures stay in the order of the likeness before it,
    and have the likeness after it. With ``early`` pictures that promise less likeness than enough others are given up
    before they are finished: than ``keep`` others, else than half. A tool that cannot work on a picture leaves it as it
    is and says so in its notes. What is stopped by ``progress`` returns what is there. Raises HostError as the host
    does.
    """

    def score_and_finish(portrait: Portrait) -> tuple[Likeness | None, Finished | None]:
        score = _likeness(scorer, portrait.picture, job) if scorer and job.people else None
        early_end = keep is None and finisher is None  # a finisher samples, which waits for the job's end
        return score, _finish(portrait, score, photo, tools) if early_end else None

    judge = scorer if early else None
    choice = None if judge is None else EarlyChoice.of(job, keep, lambda picture: _likeness(judge, picture, job))
    job = job if choice is None else replace(job, look=choice.look)
    kept = job.count if keep is None else min(keep, job.count)
    parts = [job.count * job.steps, *([] if finisher is None else [finisher.steps(job)] * kept)]
    shared = SharedProgress(parts, progress)
    counted = progress if finisher is None else shared.part(0)
    with PostprocessPipeline(score_and_finish, beside=diffusion_device().type != "cpu") as pipeline:
        portraits = host.generate(job, progress=counted, ready=pipeline.submit)
        done = pipeline.results(portraits)
    best = rank_by_likeness([score for score, _ in done])[:keep]
    said = [*notes, *remarks_of(score for score, _ in done)]
    given_up = 0 if choice is None else choice.given_up
    if given_up:
        said.append(f"{given_up} of {job.count} pictures were given up early, as they promised less likeness.")
    if len(portraits) + given_up < job.count:
        said.append(f"Stopped after {len(portraits)} of {job.count} pictures.")
    if scorer is not None and any(score is None for score, _ in done):
        said.append("Pictures without a face that can be judged come last.")
    finished: list[Finished] = []
    skipped = 0
    for place, i in enumerate(best):
        portrait, score = portraits[i], done[i][0]
        if finisher is not None and shared.stopped:
            skipped += 1
        elif finisher is not None:
            one = shared.part(1 + place)
            picture, more = finisher.finish(portrait, job, one)
            one(1, 1)  # enlarging tells no steps: a stop is read, and the bar moved, after each picture
            portrait = replace(portrait, picture=picture, notes=(*portrait.notes, *more))
            score = _likeness(scorer, picture, job) if scorer and job.people else None
        finished.append(done[i][1] or _finish(portrait, score, photo, tools))
    if skipped and finisher is not None:
        said.append(finisher.skipped(skipped, len(best)))
    if finisher is not None and not shared.stopped:
        shared.finish()
    return Result(tuple(finished), job, tuple(said))


def _likeness(scorer: LikenessScorer, picture: Image.Image, job: Job) -> Likeness | None:
    """How like everybody is: of several people the mean, None where somebody cannot be found."""
    return mean_likeness(scorer, picture, (person.identity for person in job.people))


def _finish(
    portrait: Portrait, score: Likeness | None, photo: Image.Image | None, tools: Sequence[FaceTool]
) -> Finished:
    picture, notes = portrait.picture, list(portrait.notes)
    for tool in tools:
        picture = _apply(tool, picture, photo, notes)
    picture = mark_picture(picture, portrait.infotext)
    label_image(picture, portrait.infotext)
    if picture is portrait.picture:
        return Finished(portrait, score, None, tuple(notes))
    return Finished(replace(portrait, picture=picture), score, portrait.picture, tuple(notes))


def _apply(tool: FaceTool, picture: Image.Image, photo: Image.Image | None, notes: list[str]) -> Image.Image:
    try:
        return tool(picture, photo)
    except FaceChainError as error:
        logger.warning("%s: %s", tool.name, error)
        notes.append(f"{tool.name} left the picture as it is: {error}")
        return picture


def _loras(
    style: Style | None, settings: Settings, folders: Sequence[Path], notes: list[str]
) -> tuple[tuple[Lora, ...], bool]:
    """The LoRAs of the job, and whether the style's own is among them."""
    if settings.lora is not None:
        return (settings.lora,), False
    if style is None or style.lora is None:
        return (), False
    weight = settings.lora_weight if settings.lora_weight is not None else style.lora.weight
    if weight == 0:
        return (), False
    file = find_lora(style.lora, folders)
    if file is None:
        notes.append(f"The style's LoRA {style.lora.file} is missing, so only its words are used. Download the LoRA.")
        return (), False
    return (Lora(file, weight),), True


def _without(look: str, subject: str) -> str:
    """A style's words but for those that say who is in the picture already, as trained styles of old do."""
    said = {part.strip().casefold() for part in subject.split(",")}
    return ", ".join(part.strip() for part in look.split(",") if part.strip() and part.strip().casefold() not in said)


def _suggested(style: Style | None) -> str | None:
    """The style's adapter where its file is there; a style that suggests another one still works."""
    return style.adapter if style is not None and find(f"adapter-{style.adapter}") is not None else None
