"""The drawing of a photo: image-to-image with the look's words, in which each face keeps its person."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import Cancelled, HostError, PhotoError
from facechain_ext.faces.picture import picture_digest
from facechain_ext.identity import Identity
from facechain_ext.identity.likeness_scorer import mean_likeness, rank_by_likeness, remarks_of
from facechain_ext.recipes.arguments import RECIPE_LABEL
from facechain_ext.recipes.detail import repair_faces, repair_settings
from facechain_ext.recipes.face_matching import match_faces
from facechain_ext.recipes.finishing import enlarge_template
from facechain_ext.recipes.job import Inpaint, Person
from facechain_ext.recipes.portrait_settings import PREFIX, enlarge_remarks
from facechain_ext.recipes.redraw.settings import RedrawSettings, check_redraw_settings, find_look
from facechain_ext.recipes.regions import MOST, region_mask
from facechain_ext.recipes.shared_progress import SharedProgress
from facechain_ext.recipes.style import plan
from facechain_ext.recipes.style_settings import Settings as PortraitSettings
from facechain_ext.recipes.template.crop import fit_size, resized
from facechain_ext.recipes.template.faces import find_template_faces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Detector, Face, HeadMasker, Pixels
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Portrait
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.image import TemplateImage

log = logging.getLogger(__name__)

RECIPE = "redraw"
"""What RECIPE_LABEL says of these pictures."""
LOOK_LABEL, SOURCE_LABEL = f"{PREFIX} drawn as", f"{PREFIX} source"
_TEMPLATE = "{subject}, {style}"
"""The order of words; the photo gives pose and composition."""
_HEAD = 0.5
"""What a face's box grows on each side to hold the head, in sides of the face."""
_REPAIR_DENOISE = 0.35
"""Denoising of the faces drawn once more: below ADetailer's 0.4, so that the drawing's lines stay."""


@dataclass(frozen=True, eq=False)
class RedrawResult:
    """The drawing: ``image`` holds its pixels and what the photo's file held besides, at the drawing's size.

    ``notes`` are sentences, ``left_out`` that part of them which names what was requested and not done, ``stopped``
    says that an interrupt ended the work early. ``likeness`` is the mean of everybody's, None where none was scored.
    """

    image: TemplateImage
    infotext: str
    seed: int
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    stopped: bool = False
    likeness: Likeness | None = None


def people_of_picture(
    picture: TemplateImage, encoder: TransFace, detector: Detector | None = None
) -> tuple[list[Identity], list[str]]:
    """The identities of the faces in a picture, from the left, and a sentence for each that cannot be used.

    Of more faces than one picture can hold people the largest count. Raises PhotoError when none can be used.
    """
    found = (detector or faces.detector()).detect(picture.pixels)
    if not found:
        raise PhotoError(f"No face was found in {picture.name}; choose a photo in which a face is seen from the front.")
    numbered = faces.number_faces(found)
    largest = {id(face) for face in sorted(found, key=lambda face: -face.area)[:MOST]}
    people: list[Identity] = []
    notes: list[str] = []
    for number, face in enumerate(numbered, 1):
        if id(face) not in largest:
            continue
        try:
            people.append(Identity.from_photos(picture.pixels, encoder, face=number))
        except PhotoError as error:
            notes.append(f"Face {number} is drawn without its person: {error}")
    if not people:
        raise PhotoError(notes[0])
    if len(found) > MOST:
        notes.append(f"{picture.name} shows {len(found)} faces; the {MOST} largest keep their person.")
    return people, notes


def redraw(
    picture: TemplateImage,
    people: Sequence[Person],
    settings: RedrawSettings | None = None,
    *,
    host: Host,
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
    scorer: LikenessScorer | None = None,
    lora_folders: Sequence[Path] = (),
    progress: Callable[[int, int], bool] | None = None,
) -> RedrawResult:
    """Draw ``picture`` anew in the look of ``settings``, with each of ``people`` in the face that is theirs.

    People are matched with faces as a repair of faces does; the method acts in their heads alone where there are
    several. The drawing has the photo's proportions at the side that the checkpoint paints. Raises InputError for
    settings out of range, PhotoError when the picture shows no face or none of the people, HostError as the host does,
    Cancelled when it was stopped before a drawing was finished.
    """
    settings = settings or RedrawSettings()
    check_redraw_settings(settings)
    targets = _targets(picture, detector, masker)
    placed, left_out = _place(picture, targets, people, scorer)
    job, notes = _job(picture, placed, settings, lora_folders)
    repair_steps = len(placed) * max(round(settings.steps * _REPAIR_DENOISE), 1) if settings.repair else 0
    shared = SharedProgress([settings.count * settings.steps, repair_steps], progress)
    portraits = host.generate(job, progress=shared.part(0))
    stopped = shared.stopped or len(portraits) < job.count
    if not portraits:
        raise Cancelled("It was stopped before a drawing was finished; nothing is kept.")
    best, likeness = _most_like(portraits, placed, scorer)
    if likeness is None and scorer is not None:
        notes = (*notes, "No face was found in the drawing, so its likeness is not judged.")
    elif likeness is not None:
        tries = f"The most like of {len(portraits)}: likeness" if len(portraits) > 1 else "Likeness"
        notes = (*notes, f"{tries} {likeness}; of a drawing this is weak evidence, as recognisers learned from photos.")
    notes = (*notes, *remarks_of([likeness]))
    drawn = _drawing(picture, np.asarray(best.picture.convert("RGB")))
    if not stopped:
        drawn, more = enlarge_template(host, drawn, settings)
        notes = (*notes, *more)
    if settings.repair and not stopped:
        drawn, more, stopped = _repair(drawn, placed, job, settings, host, shared.part(1))
        notes = (*notes, *more)
    if not stopped:
        shared.finish()
    said = (*picture.notes, *best.notes, *notes, *left_out)
    return RedrawResult(drawn, best.infotext, best.seed, tuple(dict.fromkeys(said)), tuple(left_out), stopped, likeness)


def _targets(picture: TemplateImage, detector: Detector | None, masker: HeadMasker | None) -> list[TemplateFace]:
    try:
        return find_template_faces(picture.pixels, detector, masker)
    except PhotoError:
        raise PhotoError(
            f"No face was found in {picture.name}; choose a photo in which a face is seen from the front."
        ) from None


def _place(
    picture: TemplateImage, targets: list[TemplateFace], people: Sequence[Person], scorer: LikenessScorer | None
) -> tuple[tuple[Person, ...], list[str]]:
    """The people with the regions of their heads, and a sentence on those who have no face; one face has no region."""
    match = match_faces(picture.pixels, targets, people, scorer)
    if not match.faces:
        count = "a face" if len(targets) == 1 else f"{len(targets)} faces"
        raise PhotoError(f"{picture.name} shows {count}, none of them like the people that were given.")
    boxes = {target.number: target.face for target in targets}
    placed = tuple(
        replace(
            people[index],
            region=None if len(targets) == 1 else region_mask(_head_box(boxes[number], picture.pixels)),
        )
        for number, index in sorted(match.faces.items())
    )
    names = [people[index].identity.name or f"person {index + 1}" for index in match.unmatched]
    return placed, [f"No face of the picture was matched with {', '.join(names)}."] if names else []


def _head_box(face: Face, pixels: Pixels) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a head in fractions of the picture."""
    height, width = pixels.shape[:2]
    grown = _HEAD * max(face.width, face.height)
    left, top, right, bottom = face.box
    sides = ((left - grown) / width, (top - grown) / height, (right + grown) / width, (bottom + grown) / height)
    x0, y0, x1, y1 = (float(np.clip(side, 0, 1)) for side in sides)
    return x0, y0, x1, y1


def _job(
    picture: TemplateImage, people: tuple[Person, ...], settings: RedrawSettings, lora_folders: Sequence[Path]
) -> tuple[Job, tuple[str, ...]]:
    """The image-to-image job, and what in it is not as asked."""
    look, style = find_look(settings.look)
    height, width = picture.pixels.shape[:2]
    size = fit_size(width, height, settings.sides)
    wanted = PortraitSettings(
        count=settings.count, seed=settings.seed, steps=settings.steps, sampler=settings.sampler, cfg=settings.cfg,
        width=size[0], height=size[1], template=_TEMPLATE,
    )  # fmt: skip
    words = ", ".join(part for part in (settings.prompt.strip(" ,"), "" if style else look.words) if part)
    job, notes = plan(
        people[0].identity, style, wanted, subject="a person" if len(people) == 1 else f"{len(people)} people",
        prompt=words, negative_prompt=", ".join(part for part in (look.negative, settings.negative_prompt) if part),
        lora_folders=lora_folders,
    )  # fmt: skip
    remarks = {
        RECIPE_LABEL: RECIPE,
        LOOK_LABEL: settings.look,
        SOURCE_LABEL: f"{picture.name} ({picture.digest[:16]})",
        **enlarge_remarks(settings),
    }
    denoise = look.denoise if settings.denoise is None else settings.denoise
    start = Inpaint(resized(picture.pixels, size), denoise)
    return replace(job, people=people, inpaint=start, remarks=remarks, method=settings.method), notes


def _most_like(
    portraits: Sequence[Portrait], people: Sequence[Person], scorer: LikenessScorer | None
) -> tuple[Portrait, Likeness | None]:
    """The drawing in which everybody is most alike, and the mean likeness; the first where nothing is scored."""
    if scorer is None:
        return portraits[0], None
    identities = [person.identity for person in people]
    scores = [mean_likeness(scorer, portrait.picture, identities) for portrait in portraits]
    best = rank_by_likeness(scores)[0]
    return portraits[best], scores[best]


def _drawing(picture: TemplateImage, pixels: Pixels) -> TemplateImage:
    """The drawing as a file that keeps what the photo's held; it has colours, whatever the photo had."""
    size = pixels.shape[1], pixels.shape[0]
    alpha = None if picture.alpha is None else np.asarray(resized(picture.alpha, size))
    # with a digest of its own: the photo of a person is refused where a face of that person is to be painted
    return replace(picture, pixels=pixels, digest=picture_digest(pixels), alpha=alpha, grey=False)


def _repair(
    drawn: TemplateImage,
    people: tuple[Person, ...],
    job: Job,
    settings: RedrawSettings,
    host: Host,
    progress: Callable[[int, int], bool],
) -> tuple[TemplateImage, tuple[str, ...], bool]:
    """The drawing with its faces drawn once more, sentences on that, and whether it was stopped."""
    again = repair_settings(job, settings.sides, settings.seed, _REPAIR_DENOISE)
    try:
        result, _ = repair_faces(drawn, people, again, host=host, progress=progress)
    except Cancelled:
        return drawn, ("Stopped: the faces are not drawn once more.",), True
    except (HostError, PhotoError) as error:
        log.warning("faces are not drawn once more: %s", error)
        return drawn, (f"The faces are not drawn once more: {error}",), False
    return replace(drawn, pixels=result.pixels), result.notes, result.stopped
