"""The template portrait: people are put into the faces of a given picture, and nothing else of it changes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import Cancelled, FaceChainError, HostError, PhotoError
from facechain_ext.recipes.template.crop import dilate_mask, face_crop, paste, square
from facechain_ext.recipes.template.faces import TemplateFace, find_template_faces
from facechain_ext.recipes.template.passes import Passes
from facechain_ext.recipes.template.qualities import find_quality, missing_controls
from facechain_ext.recipes.template.quality import FaceResult, FinishesTemplate, TemplateContext
from facechain_ext.recipes.template.settings import FaceSource, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.faces.types import Detector, HeadMasker, Mask, Pixels
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.template.image import TemplateImage
    from facechain_ext.recipes.template.quality import Quality, StageView
    from facechain_ext.recipes.template.settings import FaceAction

log = logging.getLogger(__name__)

_MOSAIC = 8
"""Cells across a face that is pixelated."""


@dataclass(frozen=True, eq=False)
class TemplateResult:
    """The finished picture uint8 [h, w, 3], which of its pixels differ from the template, and notes as sentences.

    ``left_out`` is that part of ``notes`` which names what was requested and not done; ``stopped`` says that an
    interrupt ended the work early, with the finished faces in the picture. ``doubtful`` are the numbers of faces that
    suffer by their photo or its pose. ``infotext`` is the host's of its last
    generation, empty without one. ``stages`` are the pictures of a quality that works in several.
    """

    pixels: Pixels
    changed: Mask
    notes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    stopped: bool = False
    infotext: str = ""
    doubtful: tuple[int, ...] = ()
    stages: tuple[StageView, ...] = ()


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
    """Apply ``actions`` (number of the face -> what happens to it) to the template; faces not named stay as they are.

    Outside the feathered masks, and in every face that is kept, not a bit changes. A face that cannot be done is left
    and named in the notes. ``targets`` are the template's faces where they are known; ``scorer`` chooses among several
    tries; ``tools`` finish each new face in turn, inside its mask; one that cannot is named in the notes. ``progress``
    counts the whole recipe once; where it returns False, or the host is interrupted, the work ends at its next step
    and the faces that are finished are kept. Raises PhotoError for a number that the template has not and for a
    template that is the photo of somebody put into it, HostError when the quality needs a host and there is none,
    Cancelled when it was stopped before any face was finished.
    """
    settings = settings or Settings()
    quality = find_quality(settings.quality)
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    targets = find_template_faces(template.pixels, detector, masker) if targets is None else targets
    _check(template, targets, actions, quality, host)
    pixels, left_out, notes = np.array(template.pixels), missing_controls(settings), list(template.notes)
    todo = [(target, actions[target.number]) for target in targets if actions.get(target.number, "keep") != "keep"]
    for target, action in todo:  # the notes on a person's photo are shown wherever the person is used
        if isinstance(action, FaceSource):
            doubts = action.notes if action.identity is None else (*action.identity.notes, *action.notes)
            notes += [f"Face {target.number}: {note}" for note in doubts]
    steps = [quality.progress_steps(settings) if isinstance(action, FaceSource) else 1 for _, action in todo]
    passes = Passes(sum(steps) + _finish_steps(quality, settings, [action for _, action in todo]), progress)
    context = TemplateContext(targets, settings, detector, passes, host, scorer)
    finished: list[int] = []
    stages: list[StageView] = []
    doubtful: list[int] = []
    for position, (target, action) in enumerate(todo):
        if not passes.go_on():
            break
        try:
            result = _apply(pixels, target, action, quality, context)
        except Cancelled:
            break
        except HostError as error:  # the next face would fail as well
            if not finished:
                raise
            log.warning("face %d could not be painted: %s", target.number, error)
            after = " and those after it are left as they are" if position + 1 < len(todo) else " is left as it is"
            left_out.append(f"Face {target.number}{after}: {error}")
            break
        except PhotoError as error:
            log.warning("face %d is left as it is: %s", target.number, error)
            left_out.append(f"Face {target.number} is left as it is: {error}")
            passes.reach(sum(steps[: position + 1]))
            continue
        new = _finish(result, target, action, context, tools)
        left_out += result.left_out
        notes += [*result.doubts, *result.notes]
        doubtful += [target.number] if result.doubts else []
        pixels = np.where(_changed_mask(target, action, quality, context)[..., None], new, pixels)
        finished.append(target.number)
        stages += result.stages
        passes.reach(sum(steps[: position + 1]))
    passes.go_on()
    left_out += _stopped(passes, [target.number for target, _ in todo], finished)
    people = [target for target, action in todo if isinstance(action, FaceSource) and target.number in finished]
    complete = _complete(pixels, people, quality, context, left_out)
    pixels, stages = complete.pixels, [*stages, *complete.stages]
    return TemplateResult(
        pixels,
        np.asarray((pixels != template.pixels).any(-1)),
        (*notes, *left_out),
        tuple(left_out),
        passes.stopped,
        passes.last.infotext if passes.last is not None else "",
        tuple(doubtful),
        tuple(stages),
    )


def _finish(
    result: FaceResult, target: TemplateFace, action: FaceAction, context: TemplateContext, tools: Sequence[FaceTool]
) -> Pixels:
    """The picture of a result with the tools applied to a new face; adds to the result's sentences."""
    if not isinstance(action, FaceSource):
        return result.pixels
    quality = find_quality(context.settings.quality)
    # what a blend changes beside the face is ears and neck, which no tool is meant for
    face = quality.mask(target, context.settings) if quality.paints else target.mask
    tooled = _apply_tools(result.pixels, target, action, tools, result.left_out)
    if target.covered.any():
        result.notes.append(f"Face {target.number}: what covers a part of it stays before the new face.")
    return np.where(face[..., None], tooled, result.pixels)


def _finish_steps(quality: Quality, settings: Settings, actions: Sequence[FaceAction]) -> int:
    """What the work on the whole picture counts in the progress; 0 for a quality that does none."""
    people = sum(isinstance(action, FaceSource) for action in actions)
    return quality.finish_steps(settings, people) if isinstance(quality, FinishesTemplate) else 0


def _complete(
    pixels: Pixels, people: Sequence[TemplateFace], quality: Quality, context: TemplateContext, left_out: list[str]
) -> FaceResult:
    """The picture after the work on all of it; as it is where the quality does none, or it was stopped."""
    done = FaceResult(pixels)
    if isinstance(quality, FinishesTemplate) and people and not context.passes.stopped:
        try:
            done = quality.finish(pixels, people, context)
        except (Cancelled, HostError) as error:
            left_out.append(f"The picture around the faces is left as it is: {error}")
        else:
            context.passes.finish()
    return done


def _stopped(passes: Passes, requested: list[int], finished: list[int]) -> list[str]:
    """A sentence that names the faces an interrupt left; raises Cancelled when it left all of them."""
    left = [str(number) for number in requested if number not in finished]
    if not passes.stopped or not left:
        return []
    if not finished:
        raise Cancelled("It was stopped before a face was finished; nothing is kept.")
    which = f"face {left[0]} is" if len(left) == 1 else f"faces {', '.join(left[:-1])} and {left[-1]} are"
    return [f"Stopped: {which} left as they were." if len(left) > 1 else f"Stopped: {which} left as it was."]


def _apply(
    pixels: Pixels, target: TemplateFace, action: FaceAction, quality: Quality, context: TemplateContext
) -> FaceResult:
    """The picture with one face pixelated or replaced."""
    if isinstance(action, FaceSource):
        return quality.replace_face(pixels, target, action, context)
    return FaceResult(_pixelated(pixels, target))


def _changed_mask(target: TemplateFace, action: FaceAction, quality: Quality, context: TemplateContext) -> Mask:
    """Where an action may change the template: around its own face, and nowhere in the other faces."""
    if isinstance(action, FaceSource):
        own = quality.mask(target, context.settings)
    else:  # all of the face, whatever occludes it
        uncovered = replace(target, mask=target.mask | target.covered, covered=np.zeros_like(target.covered))
        own = dilate_mask(uncovered, context.settings.growth)
    for other in context.targets:
        own = own & ~other.mask if other.number != target.number else own
    return own


def _apply_tools(
    pixels: Pixels, target: TemplateFace, source: FaceSource, tools: Sequence[FaceTool], notes: list[str]
) -> Pixels:
    """The picture with the tools applied to the square around the face, one after the other."""
    photo = None if source.photo is None else Image.fromarray(source.photo)
    left, top, side = face_crop(target)
    for tool in tools:
        try:
            new = tool(Image.fromarray(square(pixels, left, top, side)), photo)
        except FaceChainError as error:
            log.warning("%s: %s", tool.name, error)
            notes.append(f"Face {target.number}: {tool.name} left it as it is: {error}")
            continue
        pixels = np.array(pixels)
        paste(pixels, np.asarray(new.convert("RGB")), np.ones(pixels.shape[:2], np.bool_), left, top, 1.0)
    return pixels


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
    quality: Quality,
    host: Host | None,
) -> None:
    unknown = next((number for number in actions if not 1 <= number <= len(targets)), None)
    if unknown is not None:
        there = "one face" if len(targets) == 1 else f"{len(targets)} faces, numbered from the left"
        raise PhotoError(f"There is no face number {unknown} in {template.name}: it has {there}.")
    sources = [action for action in actions.values() if isinstance(action, FaceSource)]
    if any(source.photo is not None and np.array_equal(source.photo, template.pixels) for source in sources) or any(
        photo.digest == template.digest for source in sources if source.identity for photo in source.identity.photos
    ):
        raise PhotoError(f"Choose another picture as the template: {template.name} is the person's own photo.")
    if quality.paints and sources and host is None:
        raise HostError("Painting faces needs a checkpoint; load one, or choose the quality instant.")
