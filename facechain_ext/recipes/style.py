"""The style portrait: one person in one style, as often as asked, the best first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from facechain_ext.devices import diffusion_device
from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.identity.likeness_scorer import rank_by_likeness
from facechain_ext.recipes.early_choice import EarlyChoice
from facechain_ext.recipes.job import Control, Job, Lora, Person
from facechain_ext.recipes.labelling import label_image, mark_picture
from facechain_ext.recipes.portrait_settings import PORTRAIT_DEFAULTS, check_ranges, portrait_setting
from facechain_ext.recipes.postprocess import PostprocessPipeline
from facechain_ext.recipes.subject import group_words
from facechain_ext.styles import NEGATIVE, StyleError, find_lora
from facechain_ext.weights import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.identity.likeness_scorer import LikenessScorer
    from facechain_ext.identity.photo_judge import PhotoCheck
    from facechain_ext.recipes.job import Hires, Host, Portrait
    from facechain_ext.styles import Style, Subject

logger = logging.getLogger(__name__)

TEMPLATE = "{subject}, {style}, upper body, detailed face, looking at the viewer"
"""Our default order of words; leaves painting and photograph to the style."""
GROUP_TEMPLATE = "{subject}, {style}, detailed faces, looking at the viewer"
"""The same for several people, who do not fit into the upper body of one."""
PUBLISHED_TEMPLATE = (
    "{subject}, {style}, upper_body, raw photo, masterpiece, solo, medium shot, high detail face, photorealistic, "
    "best quality"
)
"""The order of words of the published program for styles with a LoRA."""


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


@dataclass(frozen=True)
class Settings:
    """How to make style portraits; None means what the style suggests.

    Ranges are those of ``PORTRAIT_SETTINGS``. ``window`` are the fractions of the steps in which the face acts,
    ``lora`` takes the place of the style's. ``count`` pictures are made and the ``keep`` most like are returned (None:
    all); ``early`` gives others up before they are finished. ``template`` puts {subject} and {style} in order.
    """

    strength: float | None = None
    window: tuple[float, float] = PORTRAIT_DEFAULTS["window"]
    adapter: str | None = None
    lora: Lora | None = None
    lora_weight: float | None = None
    count: int = PORTRAIT_DEFAULTS["count"]
    keep: int | None = None
    early: bool = PORTRAIT_DEFAULTS["early"]
    seed: int = 0
    steps: int = PORTRAIT_DEFAULTS["steps"]
    sampler: str = PORTRAIT_DEFAULTS["sampler"]
    cfg: float = PORTRAIT_DEFAULTS["cfg"]
    width: int = PORTRAIT_DEFAULTS["width"]
    height: int = PORTRAIT_DEFAULTS["height"]
    hires: Hires | None = None
    pose_weight: float = PORTRAIT_DEFAULTS["pose_weight"]
    pose_window: tuple[float, float] = (PORTRAIT_DEFAULTS["pose_start"], PORTRAIT_DEFAULTS["pose_end"])
    template: str = TEMPLATE


FAITHFUL = Settings(strength=PORTRAIT_DEFAULTS["strength"], steps=50, sampler="PLMS", template=PUBLISHED_TEMPLATE)
"""The published settings: strength 0.5, CFG 7, 512x512, 50 PNDM steps (PLMS in the webui), pose at 1.0."""


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
    """The pictures, most like first, the job that made them, and what did not go as asked for all of them."""

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
    _check(settings)
    if style is not None and suits == "child" and not style.suits("child"):
        raise StyleError(f"The style {style.en} is for grown-ups. Choose one for children or for anyone.")
    notes: list[str] = []
    loras, with_lora = _loras(style, settings, lora_folders, notes)
    look = _without("" if style is None else style.positive if with_lora else style.prompt, subject)
    words = ", ".join(part for part in (look, prompt.strip(" ,")) if part)
    template = GROUP_TEMPLATE if people > 1 and settings.template == TEMPLATE else settings.template
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
    progress: Callable[[int, int], bool] | None = None,
) -> Result:
    """Have ``host`` do ``job``, score the pictures, keep the best and finish them with ``tools`` in turn.

    Where a GPU makes the pictures and the host tells of each, they are scored, and finished if all are kept, while the
    next one is made. With ``early`` pictures that promise less likeness than enough others are given up before they are
    finished: than ``keep`` others, else than half. A tool that cannot work on a picture leaves it as it is and says so
    in its notes. What is stopped by ``progress`` returns what is there. Raises HostError as the host does.
    """

    def score_and_finish(portrait: Portrait) -> tuple[Likeness | None, Finished | None]:
        score = _likeness(scorer, portrait.picture, job) if scorer and job.people else None
        return score, _finish(portrait, score, photo, tools) if keep is None else None

    judge = scorer if early else None
    choice = None if judge is None else EarlyChoice.of(job, keep, lambda picture: _likeness(judge, picture, job))
    job = job if choice is None else replace(job, look=choice.look)
    with PostprocessPipeline(score_and_finish, beside=diffusion_device().type != "cpu") as pipeline:
        portraits = host.generate(job, progress=progress, ready=pipeline.submit)
        done = pipeline.results(portraits)
    best = rank_by_likeness([score for score, _ in done])[:keep]
    said = list(notes)
    given_up = 0 if choice is None else choice.given_up
    if given_up:
        said.append(f"{given_up} of {job.count} pictures were given up early, as they promised less likeness.")
    if len(portraits) + given_up < job.count:
        said.append(f"Stopped after {len(portraits)} of {job.count} pictures.")
    if scorer is not None and any(score is None for score, _ in done):
        said.append("Pictures without a face that can be judged come last.")
    finished = (done[i][1] or _finish(portraits[i], done[i][0], photo, tools) for i in best)
    return Result(tuple(finished), job, tuple(said))


def _likeness(scorer: LikenessScorer, picture: Image.Image, job: Job) -> Likeness | None:
    """How like everybody is: of several people the mean, None where somebody cannot be found."""
    found = [scorer.likeness(picture, person.identity) for person in job.people]
    known = [score for score in found if score is not None]
    if not known or len(known) < len(found):
        return None
    return replace(known[0], cosine=sum(score.cosine for score in known) / len(known))


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


_RANGES = tuple(
    portrait_setting(name) for name in ("strength", "count", "steps", "cfg", "width", "height", "pose_weight")
)


def _check(settings: Settings) -> None:
    """Raise InputError that names the first setting that cannot be used."""
    portrait_setting("window").read(settings.window)
    check_ranges(_RANGES, settings)
    step = int(portrait_setting("width").step)
    demands = [
        ("keep", settings.keep is None or 1 <= settings.keep <= settings.count, "1 to the number of pictures"),
        ("width", settings.width % step == 0, f"a multiple of {step}"),
        ("height", settings.height % step == 0, f"a multiple of {step}"),
        ("template", "{style}" in settings.template, "text with {style} in it"),
    ]
    for name, met, accepted in demands:
        if not met:
            raise InputError(f"FaceChain: {name} is {getattr(settings, name)!r}; set it to {accepted}.")
