"""From the page's settings to pictures: one job, or a grid of strength and style."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import HostError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.job import Control
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.regions import parse_box, parse_others, together
from facechain_ext.recipes.sequential_inpaint import SequentialInpaintHost
from facechain_ext.recipes.sheet import sheet
from facechain_ext.recipes.style import make, plan
from facechain_ext.recipes.thumbnails import keep_first_picture
from facechain_ext.recipes.tools import fusion, retouching
from facechain_ext.styles import all_styles, find_style
from facechain_ext.ui.portrait.form import NO_STYLE, kept, settings_of
from facechain_ext.ui.portrait.infotext import written
from facechain_ext.ui.portrait.who import person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scorer import LikenessScorer
    from facechain_ext.recipes.job import ControlKind, Host, Job
    from facechain_ext.recipes.style import FaceTool, Finished
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait.who import Who

    Report = Callable[[int, int], bool]

log = logging.getLogger(__name__)

GRID_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_GRID_STYLES = 12
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class PortraitRequest:
    """What the page asks for: the person, the settings, and the pose picture."""

    who: Who
    form: Mapping[str, Any]
    pose: Image.Image | None = None


@dataclass(frozen=True)
class Shown:
    """What the result column shows: pictures, most like first, and what was not as asked.

    ``sheet`` is a grid's overview and comes first. ``photos`` are those that the person was taken from, if any.
    """

    pictures: tuple[Finished, ...]
    notes: tuple[str, ...] = ()
    sheet: Image.Image | None = None
    photos: tuple[Path, ...] = ()

    @property
    def has_before(self) -> bool:
        """Whether fusion or retouching changed a picture."""
        return any(one.before is not None for one in self.pictures)

    def gallery(self, *, before: bool = False) -> list[tuple[Image.Image, str]]:
        """Pictures with captions, each with its settings inside; ``before`` shows them as they were generated."""
        rows = []
        for one in self.pictures:
            picture = one.before if before and one.before is not None else one.portrait.picture
            picture.info["parameters"] = one.portrait.infotext  # what is downloaded from the page keeps it
            rows.append((picture, self._caption(one)))
        return [(self.sheet, "grid"), *rows] if self.sheet is not None else rows

    def infotext(self, number: int) -> str:
        """The settings of picture ``number`` of the gallery; empty for the grid's overview."""
        number -= self.sheet is not None
        return self.pictures[number].portrait.infotext if 0 <= number < len(self.pictures) else ""

    def photos_of(self, infotext: str) -> tuple[Path, ...]:
        """The photos behind the picture of these settings; none for the settings of any other picture."""
        ours = any(one.portrait.infotext.strip() == infotext.strip() for one in self.pictures)
        return self.photos if ours else ()

    def _caption(self, one: Finished) -> str:
        if one.likeness is None:
            return f"no face found, seed {one.portrait.seed}"
        return f"{one.likeness.brief}, seed {one.portrait.seed}"


def generate(host: PageHost, asked: PortraitRequest, report: Report) -> Shown:
    """The pictures that the page asks for, kept in the host's folder; raises FaceChainError."""
    require_ready(host.offers().needed)
    identity = person(host, asked.who)
    job, notes = planned(host, identity, asked, chosen_seed(asked.form["seed"]))
    judge = host.judge()

    def work() -> Shown:
        result = make(
            _painter(host, asked.form),
            job,
            keep=kept(asked.form),
            judge=judge,
            photo=_photo(asked),
            tools=_tools(asked.form),
            notes=[*notes, *identity.notes],
            progress=report,
        )
        for one in result.pictures:
            if host.save(one.portrait) is not None:
                _keep_for_style(asked.form["style"], one)
        said = [*result.notes, *(f"Likeness by {one.likeness.source}." for one in result.pictures if one.likeness)]
        said += dict.fromkeys(note for one in result.pictures for note in one.notes if note not in said)
        return Shown(result.pictures, tuple(dict.fromkeys(said)), photos=_used_photos(asked.who))

    return host.queued(work)()


def _keep_for_style(key: str, one: Finished) -> None:
    """Show a style by the user's own first good picture in it, where pictures are kept at all."""
    style = all_styles().get(key)
    if style is None:
        return
    try:
        keep_first_picture(style, one.portrait.picture, one.likeness)
    except OSError as error:
        log.warning("the picture of the style %s cannot be kept: %s", key, error)


def grid(host: PageHost, asked: PortraitRequest, styles: Sequence[str], report: Report) -> Shown:
    """One picture for each of ``styles`` and GRID_STRENGTHS, all with one seed, and a sheet of them.

    No style means the one that is chosen. Raises FaceChainError.
    """
    styles = tuple(dict.fromkeys(styles)) or (asked.form["style"],)
    if len(styles) > MOST_GRID_STYLES:
        raise HostError(f"A grid takes {MOST_GRID_STYLES} styles at most; {len(styles)} are chosen.")
    require_ready(host.offers().needed)
    identity, seed, judge = person(host, asked.who), chosen_seed(asked.form["seed"]), host.judge()
    cells = [(style, strength) for style in styles for strength in GRID_STRENGTHS]
    notes = list(identity.notes)
    jobs = []
    for style, strength in cells:
        form = {**asked.form, "style": style, "strength": strength, "count": 1, "keep": 0}
        job, said = planned(host, identity, replace(asked, form=form), seed)
        jobs.append(job)
        notes += [line for line in said if line not in notes]

    def work() -> Shown:
        made, labels = _cells(_painter(host, asked.form), jobs, cells, judge, report)
        if len(made) < len(cells):
            notes.append(f"Stopped after {len(made)} of {len(cells)} pictures.")
        if not made:
            return Shown((), tuple(notes))
        rows = [(label, one.portrait.picture) for label, one in zip(labels, made, strict=True)]
        page = sheet(rows, columns=len(GRID_STRENGTHS), title=f"Strength x style, seed {seed}")
        for one in [*made, replace(made[0], portrait=replace(made[0].portrait, picture=page))]:
            host.save(one.portrait)
        return Shown(tuple(made), tuple(notes), page, _used_photos(asked.who))

    return host.queued(work)()


def planned(host: PageHost, identity: Identity, asked: PortraitRequest, seed: int) -> tuple[Job, tuple[str, ...]]:
    """The job of the page's settings, with everything that restores them, and what in it is not as asked."""
    form = asked.form
    style = None if form["style"] == NO_STYLE else find_style(form["style"])
    named = parse_others(form["others"])
    job, notes = plan(
        identity,
        style,
        settings_of(form, seed),
        subject=form["subject"],
        suits=form["suits"],
        prompt=form["prompt"],
        negative_prompt=form["negative"],
        lora_folders=host.lora_folders(),
        people=1 + len(named),
    )
    others = [(CardLibrary().load(other.card), other) for other in named]
    people = together(job.people[0], parse_box(form["box"]), others)
    if others and form["fuse"]:
        notes = (*notes, "The photo's face is not fused: several people are in the picture, and it shows one of them.")
    controls, remarks = _controls(host, asked), written(form, asked.who)
    return replace(job, people=people, face_in_hires=form["hires_face"], controls=controls, remarks=remarks), notes


def chosen_seed(seed: int) -> int:
    """The seed that was asked for, a random one for -1."""
    return random.randrange(_LARGEST_SEED) if seed == -1 else seed  # noqa: S311 - noise, no secret


def wanted_controls(form: Mapping[str, Any], picture: Image.Image) -> list[Control]:
    """The ControlNet units that the form asks for of a pose picture; raises HostError for settings that contradict."""
    window = (form["pose_start"], form["pose_end"])
    if window[0] > window[1]:
        raise HostError(f"The pose starts at {window[0]:g} and ends at {window[1]:g}; let it end after its start.")
    if form["depth"] and form["pose_ready"]:
        raise HostError("A skeleton shows no depth: switch the depth off, or choose a photo for the pose.")
    units = []
    if form["pose"]:
        kind: ControlKind = "openpose_face" if form["pose_face"] else "openpose"
        units.append(Control(kind, picture, form["pose_weight"], window, prepared=form["pose_ready"]))
    if form["depth"]:
        units.append(Control("depth", picture, form["depth_weight"], window))
    return units


def _controls(host: PageHost, asked: PortraitRequest) -> tuple[Control, ...]:
    """The ControlNet units of the pose picture; raises HostError for a kind that cannot be used."""
    if asked.pose is None:
        return ()
    controls, offers = wanted_controls(asked.form, asked.pose), host.offers()
    for control in controls:
        if offers.unavailable_reason(control.kind):
            raise HostError(f"The pose picture cannot be used. {offers.unavailable_reason(control.kind)}")
    return tuple(controls)


def _painter(host: PageHost, form: Mapping[str, Any]) -> Host:
    """The host, or who lets it paint several people one by one."""
    return SequentialInpaintHost(host, form["alone"]) if form["alone"] > 0 else host


def _cells(
    painter: Host, jobs: Sequence[Job], cells: Sequence[tuple[str, float]], judge: LikenessScorer, report: Report
) -> tuple[list[Finished], list[str]]:
    """The pictures of a grid and their labels, as far as they got."""
    made: list[Finished] = []
    labels = []
    total = sum(job.steps for job in jobs)
    for number, (job, (style, strength)) in enumerate(zip(jobs, cells, strict=True)):
        before = number * job.steps

        def told(done: int, steps: int, before: int = before, own: int = job.steps) -> bool:
            return report(before + own * done // max(steps, 1), total)

        result = make(painter, job, judge=judge, progress=told)
        if not result.pictures:
            break
        made += result.pictures
        one = result.pictures[0]
        like = "" if one.likeness is None else f", likeness {one.likeness.cosine:.2f}"
        labels.append(f"{'no style' if style == NO_STYLE else find_style(style).en}, {strength:g}{like}")
    return made, labels


def _tools(form: Mapping[str, Any]) -> list[FaceTool]:
    tools: list[FaceTool] = [fusion()] if form["fuse"] and not form["others"].strip() else []
    return [*tools, retouching()] if form["retouch"] else tools


def _used_photos(who: Who) -> tuple[Path, ...]:
    return () if who.card else who.photos


def _photo(asked: PortraitRequest) -> Image.Image | None:
    """The photo whose face is fused: the first one, unless a card is used instead."""
    if asked.who.card or not asked.who.photos or not asked.form["fuse"]:
        return None
    return Image.fromarray(faces.read_picture(asked.who.photos[0]).pixels)
