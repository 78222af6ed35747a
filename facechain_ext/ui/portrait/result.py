"""Generation from the page's settings: one job, or a grid of strengths and styles."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.finishing import PortraitFinisher
from facechain_ext.recipes.framing import full_body_controls
from facechain_ext.recipes.job import Control, ControlKind, Job
from facechain_ext.recipes.labelling import encode_png
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.regions import assign_regions, parse_box, parse_region_prompts
from facechain_ext.recipes.sequential_inpaint import SequentialInpaintHost
from facechain_ext.recipes.shared_progress import host_progress
from facechain_ext.recipes.sheet import sheet
from facechain_ext.recipes.style import make, plan
from facechain_ext.recipes.thumbnails import keep_first_picture
from facechain_ext.styles import all_styles, find_style
from facechain_ext.ui.portrait.checks import checked_pictures
from facechain_ext.ui.portrait.finishing import face_tools, fusion_photo, source_photos
from facechain_ext.ui.portrait.form import DEFAULTS, NO_STYLE, kept_count, method_settings_from_form, settings_from_form
from facechain_ext.ui.portrait.infotext import to_infotext
from facechain_ext.ui.portrait.person import load_identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.identity import Identity
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.style import Finished
    from facechain_ext.recipes.style_settings import Settings
    from facechain_ext.ui.background_task import ReportProgress
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait.form import FormValues
    from facechain_ext.ui.portrait.person_request import PersonRequest

log = logging.getLogger(__name__)

GRID_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
MAX_GRID_STYLES = 12
_LARGEST_SEED = 2**32 - 1
_FINISHING = ("repair_faces", "enlarge", "enlarge_by", "fuse", "retouch")
_UNFINISHED: FormValues = {name: DEFAULTS[name] for name in _FINISHING}
"""The settings of what is done to a finished picture, as they are for a grid's, to which none of it is done."""


@dataclass(frozen=True)
class PortraitRequest:
    """One generation request: the person, the form's values and an optional pose picture."""

    person: PersonRequest
    form: FormValues
    pose: Image.Image | None = None


@dataclass(frozen=True)
class PortraitResult:
    """Finished pictures, the highest likeness first, and ``notes`` on deviations from the request.

    ``sheet`` is the overview of a grid, shown first. ``photos`` are the source photos, none for a card.
    """

    pictures: tuple[Finished, ...]
    notes: tuple[str, ...] = ()
    sheet: Image.Image | None = None
    photos: tuple[Path, ...] = ()

    @property
    def has_before(self) -> bool:
        """Whether fusion or retouching has changed a picture."""
        return any(finished.before is not None for finished in self.pictures)

    def gallery(self, *, before: bool = False) -> list[tuple[Image.Image, str]]:
        """(picture, caption) pairs with the infotext in the picture; ``before`` gives the unretouched pictures."""
        rows = []
        for finished in self.pictures:
            picture = finished.before if before and finished.before is not None else finished.portrait.picture
            picture.info["parameters"] = finished.portrait.infotext  # a download from the page keeps it
            rows.append((picture, self._caption(finished)))
        return [(self.sheet, "grid"), *rows] if self.sheet is not None else rows

    def infotext(self, number: int) -> str:
        """The infotext of gallery picture ``number``; empty for the grid's overview."""
        number -= self.sheet is not None
        return self.pictures[number].portrait.infotext if 0 <= number < len(self.pictures) else ""

    def file_of(self, infotext: str) -> bytes | None:
        """The file of the picture with ``infotext``, else of the first; None without any."""
        if not self.pictures:
            return None
        ours = (one.portrait for one in self.pictures if one.portrait.infotext.strip() == infotext.strip())
        portrait = next(ours, self.pictures[0].portrait)
        return encode_png(portrait.picture, portrait.infotext)

    def photos_of(self, infotext: str) -> tuple[Path, ...]:
        """The source photos if ``infotext`` is of one of these pictures, else none."""
        ours = any(finished.portrait.infotext.strip() == infotext.strip() for finished in self.pictures)
        return self.photos if ours else ()

    def _caption(self, finished: Finished) -> str:
        if finished.likeness is None:
            return f"no face found, seed {finished.portrait.seed}"
        check = "" if finished.check is None else f"; {finished.check}"
        return f"{finished.likeness.summary}{check}, seed {finished.portrait.seed}"


def generate(host: PageHost, request: PortraitRequest, report: ReportProgress) -> PortraitResult:
    """Generate and save the requested pictures; raises FaceChainError."""
    capabilities = host.capabilities()
    require_ready(capabilities.needed)
    identity = load_identity(host, request.person)
    settings = settings_from_form(request.form, resolve_seed(request.form["seed"]))
    job, notes = plan_job(host, identity, request, settings)
    scorer = host.likeness_scorer()
    finisher = PortraitFinisher(host, settings, capabilities.defaults.painted, scorer) if settings.finishes else None

    def generate_pictures() -> PortraitResult:
        result = make(
            _generation_host(host, request.form),
            job,
            keep=kept_count(request.form),
            early=request.form["early"],
            scorer=scorer,
            photo=fusion_photo(request.person, request.form),
            tools=face_tools(request.form),
            notes=[*notes, *identity.notes],
            finisher=finisher,
            progress=host_progress(host, report),
        )
        result = replace(result, pictures=checked_pictures(result.pictures, identity, request.person))
        for finished in result.pictures:
            if host.save(finished.portrait) is not None:
                _save_style_thumbnail(request.form["style"], finished)
        notes_of_run = [
            *result.notes,
            *(f"Likeness by {finished.likeness.source}." for finished in result.pictures if finished.likeness),
        ]
        notes_of_run += dict.fromkeys(
            note for finished in result.pictures for note in finished.notes if note not in notes_of_run
        )
        return PortraitResult(result.pictures, tuple(dict.fromkeys(notes_of_run)), photos=source_photos(request.person))

    return host.queued(generate_pictures)()


def _save_style_thumbnail(key: str, finished: Finished) -> None:
    """Use the first good picture of a style as the user's own tile picture of that style."""
    style = all_styles().get(key)
    if style is None:
        return
    try:
        keep_first_picture(style, finished.portrait.picture, finished.likeness)
    except (OSError, WeightsError) as error:
        log.warning("the picture of the style %s cannot be kept: %s", key, error)


def generate_grid(
    host: PageHost, request: PortraitRequest, styles: Sequence[str], report: ReportProgress
) -> PortraitResult:
    """One picture for each pair of ``styles`` and GRID_STRENGTHS, all with one seed, and an overview sheet.

    Without ``styles`` the chosen style is used. Raises FaceChainError.
    """
    styles = tuple(dict.fromkeys(styles)) or (request.form["style"],)
    if len(styles) > MAX_GRID_STYLES:
        raise InputError(f"A grid takes {MAX_GRID_STYLES} styles at most; {len(styles)} are chosen.")
    require_ready(host.capabilities().needed)
    identity, seed = load_identity(host, request.person), resolve_seed(request.form["seed"])
    scorer = host.likeness_scorer()
    cells = [(style, strength) for style in styles for strength in GRID_STRENGTHS]
    notes = list(identity.notes)
    if any(request.form[name] != value for name, value in _UNFINISHED.items() if name != "enlarge_by"):
        notes.append("The pictures of a grid are not finished: no face is repaired, fused or retouched, none enlarged.")
    jobs = []
    for style, strength in cells:
        form = {**request.form, **_UNFINISHED, "style": style, "strength": strength, "count": 1, "keep": 0}
        job, notes_of_run = plan_job(host, identity, replace(request, form=form), settings_from_form(form, seed))
        jobs.append(job)
        notes += [line for line in notes_of_run if line not in notes]

    def generate_pictures() -> PortraitResult:
        drawing, counted = _generation_host(host, request.form), host_progress(host, report)
        pictures, labels = _generate_cells(drawing, jobs, cells, scorer, counted)
        if len(pictures) < len(cells):
            notes.append(f"Stopped after {len(pictures)} of {len(cells)} pictures.")
        if not pictures:
            return PortraitResult((), tuple(notes))
        rows = [(label, finished.portrait.picture) for label, finished in zip(labels, pictures, strict=True)]
        page = sheet(rows, columns=len(GRID_STRENGTHS), title=f"Strength x style, seed {seed}")
        for finished in [*pictures, replace(pictures[0], portrait=replace(pictures[0].portrait, picture=page))]:
            host.save(finished.portrait)
        return PortraitResult(tuple(pictures), tuple(notes), page, source_photos(request.person))

    return host.queued(generate_pictures)()


def plan_job(
    host: PageHost, identity: Identity, request: PortraitRequest, settings: Settings
) -> tuple[Job, tuple[str, ...]]:
    """The job of a request, with the infotext values that restore the form, and notes on deviations.

    ``settings`` are those of the request's form.
    """
    form = request.form
    style = None if form["style"] == NO_STYLE else find_style(form["style"])
    named = parse_region_prompts(form["others"])
    job, notes = plan(
        identity,
        style,
        settings,
        subject=form["subject"],
        suits=form["suits"],
        prompt=form["prompt"],
        negative_prompt=form["negative"],
        lora_folders=host.lora_folders(),
        people=1 + len(named),
    )
    others = [(CardLibrary().load(other.card), other) for other in named]
    people = assign_regions(job.people[0], parse_box(form["box"]), others)
    if others and form["fuse"]:
        notes = (*notes, "The photo's face is not fused: several people are in the picture, and it shows one of them.")
    job = replace(
        job, people=people, face_in_hires=form["hires_face"], controls=_controls(host, request, settings, len(people)),
        remarks=to_infotext(form, request.person), method_settings=method_settings_from_form(form),
    )  # fmt: skip
    return job, notes


def resolve_seed(seed: int) -> int:
    """The given seed, or a random one for -1."""
    return secrets.randbelow(_LARGEST_SEED) if seed == -1 else seed


def wanted_controls(form: FormValues, picture: Image.Image) -> list[Control]:
    """The ControlNet units for a pose picture; raises InputError for contradictory settings."""
    window = (form["pose_start"], form["pose_end"])
    if window[0] > window[1]:
        raise InputError(f"The pose starts at {window[0]:g} and ends at {window[1]:g}; let it end after its start.")
    if form["depth"] and form["pose_ready"]:
        raise InputError("A skeleton shows no depth: switch the depth off, or choose a photo for the pose.")
    units = []
    if form["pose"]:
        kind: ControlKind = "openpose_face" if form["pose_face"] else "openpose"
        units.append(Control(kind, picture, form["pose_weight"], window, prepared=form["pose_ready"]))
    if form["depth"]:
        units.append(Control("depth", picture, form["depth_weight"], window))
    return units


def _controls(host: PageHost, request: PortraitRequest, settings: Settings, people: int) -> tuple[Control, ...]:
    """The ControlNet units of the pose picture; raises HostError for a kind that cannot be used."""
    capabilities = host.capabilities()
    if request.pose is None:
        return full_body_controls(settings, capabilities.ready_controls, people=people)
    controls = wanted_controls(request.form, request.pose)
    for control in controls:
        if capabilities.unavailable_reason(control.kind):
            raise HostError(f"The pose picture cannot be used. {capabilities.unavailable_reason(control.kind)}")
    return tuple(controls)


def _generation_host(host: PageHost, form: FormValues) -> Host:
    """The host itself, or the adapter that inpaints several people one after the other."""
    return SequentialInpaintHost(host, form["alone"]) if form["alone"] > 0 else host


def _generate_cells(
    generation_host: Host,
    jobs: Sequence[Job],
    cells: Sequence[tuple[str, float]],
    scorer: LikenessScorer,
    report: ReportProgress,
) -> tuple[list[Finished], list[str]]:
    """Pictures and labels of a grid; fewer than ``cells`` when it was stopped."""
    pictures: list[Finished] = []
    labels = []
    total = sum(job.steps for job in jobs)
    for number, (job, (style, strength)) in enumerate(zip(jobs, cells, strict=True)):
        before = number * job.steps

        def report_cell(done: int, steps: int, before: int = before, own: int = job.steps) -> bool:
            return report(before + own * done // max(steps, 1), total)

        result = make(generation_host, job, scorer=scorer, progress=report_cell)
        if not result.pictures:
            break
        pictures += result.pictures
        finished = result.pictures[0]
        like = "" if finished.likeness is None else f", {finished.likeness.short}"
        labels.append(f"{'no style' if style == NO_STYLE else find_style(style).en}, {strength:g}{like}")
    return pictures, labels
