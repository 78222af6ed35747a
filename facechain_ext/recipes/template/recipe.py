"""People into a template: who goes where, and the ways of putting them there."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import Cancelled, FaceChainError, HostError, PhotoError, WeightsError
from facechain_ext.recipes.template import faithful
from facechain_ext.recipes.template.crop import face_crop, grown, paste, square
from facechain_ext.recipes.template.faces import TemplateFace, find_template_faces
from facechain_ext.recipes.template.painting import lay_photo, paint, steps_of_face
from facechain_ext.recipes.template.passes import Passes
from facechain_ext.recipes.template.settings import FaceSource, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.faces.types import Detector, HeadMasker, Mask, Pixels
    from facechain_ext.identity.likeness_scorer import LikenessScorer
    from facechain_ext.recipes.job import Host
    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.template.image import TemplateImage
    from facechain_ext.recipes.template.settings import FaceAction

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOSAIC = 8
"""Cells across a face that is pixelated."""


@dataclass(frozen=True, eq=False)
class TemplateResult:
    """The finished picture uint8 [h, w, 3], which pixels may differ from the template, and what there is to say.

    ``left_out`` is that part of ``notes`` which names what was asked for and not done; ``stopped`` says that an
    interrupt ended the work early, with the faces that were finished in the picture. ``infotext`` is what the host
    wrote of the last thing it painted, or nothing.
    """

    pixels: Pixels
    changed: Mask
    notes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    stopped: bool = False
    infotext: str = ""


def resolve_actions(asked: Mapping[int, T], find: Callable[[T], FaceAction]) -> tuple[dict[int, FaceAction], list[str]]:
    """Who each face becomes by ``find``, and a sentence for each face whose card or photo cannot be used.

    Raises that FaceChainError when no face is left.
    """
    actions: dict[int, FaceAction] = {}
    refused: list[str] = []
    first: FaceChainError | None = None
    for number, who in asked.items():
        try:
            actions[number] = find(who)
        except (PhotoError, WeightsError) as error:  # noqa: PERF203 - the others go on
            first = first or error
            refused.append(f"Face {number} is left as it is: {error}")
    if first is not None and not actions:
        raise first
    return actions, refused


def make(
    template: TemplateImage,
    actions: Mapping[int, FaceAction],
    settings: Settings | None = None,
    *,
    host: Host | None = None,
    targets: list[TemplateFace] | None = None,
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
    scorer: LikenessScorer | None = None,
    tools: Sequence[FaceTool] = (),
    progress: Callable[[int, int], bool] | None = None,
) -> TemplateResult:
    """Put the people of ``actions`` (number of the face -> who) into the template; faces not named stay as they are.

    Outside the feathered masks, and in every face that is kept, not a bit changes. A face that cannot be done is left
    and named in the notes. ``scorer`` chooses among several tries; ``tools`` finish each new face in turn, inside its
    mask; one that cannot is named in the notes. ``progress`` counts the whole recipe once; where it returns False, or
    the host is interrupted, the work ends at its next step and the faces that are finished are kept.
    Raises PhotoError for a number that the template has not and for a template that is a guest's own photo, HostError
    when the quality needs a host and there is none, Cancelled when it was stopped before any face was finished.
    """
    settings = settings or Settings()
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    targets = find_template_faces(template.pixels, detector, masker) if targets is None else targets
    _check(template, targets, actions, settings, host)
    pixels, left_out, notes = np.array(template.pixels), faithful.missing(settings), list(template.notes)
    todo = [(target, actions[target.number]) for target in targets if actions.get(target.number, "keep") != "keep"]
    for target, action in todo:  # what is doubtful about the photo of a guest, as everywhere that a person is used
        if isinstance(action, FaceSource) and action.identity is not None:
            notes += [f"Face {target.number}: {note}" for note in action.identity.notes]
    costs = [_steps(action, settings) for _, action in todo]
    passes = Passes(sum(costs), progress)
    done: list[int] = []
    for position, (target, action) in enumerate(todo):
        if not passes.go_on():
            break
        try:
            made, missing, likeness = _made(pixels, target, targets, action, settings, host, detector, scorer, passes)
        except Cancelled:
            break
        except HostError as error:  # the next face would fail as well
            if not done:
                raise
            log.warning("face %d could not be painted: %s", target.number, error)
            after = " and those after it are left as they are" if position + 1 < len(todo) else " is left as it is"
            left_out.append(f"Face {target.number}{after}: {error}")
            break
        except PhotoError as error:
            log.warning("face %d is left as it is: %s", target.number, error)
            left_out.append(f"Face {target.number} is left as it is: {error}")
            passes.reach(sum(costs[: position + 1]))
            continue
        left_out += missing
        notes += likeness
        if isinstance(action, FaceSource):
            made = _finished(made, target, action, tools, left_out)
            if target.covered.any():
                notes.append(f"Face {target.number}: what covers a part of it stays before the new face.")
        pixels = np.where(_area(target, targets, action, settings)[..., None], made, pixels)
        done.append(target.number)
        passes.reach(sum(costs[: position + 1]))
    passes.go_on()
    left_out += _stopped(passes, [target.number for target, _ in todo], done)
    text = passes.last.infotext if passes.last is not None else ""
    changed = np.asarray((pixels != template.pixels).any(-1))
    return TemplateResult(pixels, changed, (*notes, *left_out), tuple(left_out), passes.stopped, text)


def _steps(action: FaceAction, settings: Settings) -> int:
    """What a face counts in the progress: the steps that are sampled for it, and 1 where none are."""
    return steps_of_face(settings) if isinstance(action, FaceSource) and settings.paints else 1


def _stopped(passes: Passes, asked: list[int], done: list[int]) -> list[str]:
    """The sentence about faces that an interrupt left; raises Cancelled when it left all of them."""
    left = [str(number) for number in asked if number not in done]
    if not passes.stopped or not left:
        return []
    if not done:
        raise Cancelled("It was stopped before a face was finished; nothing is kept.")
    which = f"face {left[0]} is" if len(left) == 1 else f"faces {', '.join(left[:-1])} and {left[-1]} are"
    return [f"Stopped: {which} left as they were." if len(left) > 1 else f"Stopped: {which} left as it was."]


def _made(
    pixels: Pixels,
    target: TemplateFace,
    targets: Sequence[TemplateFace],
    action: FaceAction,
    settings: Settings,
    host: Host | None,
    detector: Detector,
    scorer: LikenessScorer | None,
    passes: Passes,
) -> tuple[Pixels, list[str], list[str]]:
    """The picture with one face done, what was left out of it, and what is said of its likeness."""
    if action == "pixelate":
        return _pixelated(pixels, target), [], []
    assert isinstance(action, FaceSource)
    if settings.quality == "instant":
        return lay_photo(pixels, target, action, detector), [], []
    assert host is not None
    return paint(pixels, target, targets, action, settings, host, detector, scorer, passes)


def _area(target: TemplateFace, targets: Sequence[TemplateFace], action: FaceAction, settings: Settings) -> Mask:
    """Where a choice may change the template: nowhere in other faces."""
    own = _reach(target, action, settings)
    for other in targets:
        own = own & ~other.mask if other.number != target.number else own
    return own


def _reach(target: TemplateFace, action: FaceAction, settings: Settings) -> Mask:
    """How far a choice reaches around its own face."""
    if action == "pixelate":  # all of the face, whatever lies before it
        return grown(
            replace(target, mask=target.mask | target.covered, covered=np.zeros_like(target.covered)), settings.growth
        )
    if settings.quality == "standard":
        return grown(target, settings.growth)
    return target.mask if settings.quality == "instant" else faithful.growing(target)


def _finished(
    made: Pixels, target: TemplateFace, source: FaceSource, tools: Sequence[FaceTool], notes: list[str]
) -> Pixels:
    """What was made with the tools used on the square around the face."""
    photo = None if source.photo is None else Image.fromarray(source.photo)
    left, top, side = face_crop(target)
    for tool in tools:
        try:
            new = tool(Image.fromarray(square(made, left, top, side)), photo)
        except FaceChainError as error:
            log.warning("%s: %s", tool.name, error)
            notes.append(f"Face {target.number}: {tool.name} left it as it is: {error}")
            continue
        made = np.array(made)
        paste(made, np.asarray(new.convert("RGB")), np.ones(made.shape[:2], np.bool_), left, top, 1.0)
    return made


def _pixelated(pixels: Pixels, target: TemplateFace) -> Pixels:
    """The picture as a mosaic of _MOSAIC cells across the face."""
    cell = max(round(max(target.face.width, target.face.height) / _MOSAIC), 2)
    height, width = pixels.shape[:2]
    coarse = cv2.resize(pixels, (-(-width // cell), -(-height // cell)), interpolation=cv2.INTER_AREA)
    return np.repeat(np.repeat(coarse, cell, 0), cell, 1)[:height, :width]


def _check(
    template: TemplateImage,
    targets: list[TemplateFace],
    actions: Mapping[int, FaceAction],
    settings: Settings,
    host: Host | None,
) -> None:
    stranger = next((number for number in actions if not 1 <= number <= len(targets)), None)
    if stranger is not None:
        there = "one face" if len(targets) == 1 else f"{len(targets)} faces, numbered from the left"
        raise PhotoError(f"There is no face number {stranger} in {template.name}: it has {there}.")
    sources = [action for action in actions.values() if isinstance(action, FaceSource)]
    if any(source.photo is not None and np.array_equal(source.photo, template.pixels) for source in sources) or any(
        photo.digest == template.digest for source in sources if source.identity for photo in source.identity.photos
    ):
        raise PhotoError(f"{template.name} is the person's own photo; choose another picture as the template.")
    if settings.paints and sources and host is None:
        raise HostError("Painting faces needs a checkpoint; load one, or choose the quality instant.")
