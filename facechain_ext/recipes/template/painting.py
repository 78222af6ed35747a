"""One face painted anew by a diffusion model, or laid over from a photo."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import Cancelled, PhotoError
from facechain_ext.identity.likeness_scorer import rank_by_likeness
from facechain_ext.recipes.job import Inpaint, Job, Person
from facechain_ext.recipes.template import faithful
from facechain_ext.recipes.template.crop import face_crop, grown, match_color, painted_side, paste, square
from facechain_ext.retouch.fuse import blend_face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Detector, Mask, Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scorer import LikenessScorer
    from facechain_ext.recipes.job import Host
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.passes import Passes
    from facechain_ext.recipes.template.settings import FaceSource, Settings

log = logging.getLogger(__name__)

_FEATHER = 0.06
"""Width of the feather of the paste, in sides of the face."""


def steps_of_face(settings: Settings) -> int:
    """What one painted face counts in the progress of the recipe: about the steps that are sampled for it."""
    return (
        settings.count * sum(faithful.pass_steps(settings))
        if settings.quality == "faithful"
        else (standard_steps(settings))
    )


def standard_steps(settings: Settings) -> int:
    """What the one inpaint of the standard quality counts, with all its tries."""
    return settings.count * max(round(settings.steps * settings.denoise), 1)


def lay_photo(pixels: Pixels, target: TemplateFace, source: FaceSource, detector: Detector) -> Pixels:
    """Lay the face of the guest's photo (of the card's thumbnail, without one) over the template's."""
    photo = source.photo if source.photo is not None else source.identity.thumbnail if source.identity else None
    if photo is None:
        raise PhotoError("there is no photo of the person; give one.")
    return blend_face(photo, faces.choose_face(detector.detect(photo)), pixels, target.face, target_mask=target.mask)


def paint(
    pixels: Pixels,
    target: TemplateFace,
    targets: Sequence[TemplateFace],
    source: FaceSource,
    settings: Settings,
    host: Host,
    detector: Detector,
    scorer: LikenessScorer | None,
    passes: Passes,
) -> tuple[Pixels, list[str], list[str]]:
    """The picture with the face painted anew, the most like of several tries; what was left out; the likeness.

    Stopped after the first try, the finished ones count. Raises Cancelled when none is, PhotoError for a guest
    without an identity.
    """
    if source.identity is None:
        raise PhotoError("painting needs an identity; give a photo with an encoder, or a card.")
    said: list[str] = []
    if settings.quality == "faithful":
        tries: list[Image.Image] = []
        for number in range(settings.count):
            once = replace(settings, seed=settings.seed + number)
            try:
                painted, left_out = faithful.paint(pixels, target, targets, source, once, host, detector, passes)
            except Cancelled:
                if not tries:
                    raise
                break
            tries.append(painted)
            said += [note for note in left_out if note not in said]
        for note in said:
            log.warning("%s", note)
        mask = faithful.growing(target)
    else:
        tries = _standard(pixels, target, source.identity, settings, host, passes)
        mask = grown(target, settings.growth)
    best, notes = _most_like(tries, target, source.identity, scorer)
    template = _laid(pixels, target, mask, best)
    if settings.quality == "standard" and settings.fuse:
        template = lay_photo(template, target, source, detector)
    return template, said, notes


def _most_like(
    tries: Sequence[Image.Image], target: TemplateFace, identity: Identity, scorer: LikenessScorer | None
) -> tuple[Image.Image, list[str]]:
    if len(tries) == 1 or scorer is None:
        return tries[0], []
    scores = [scorer.likeness(one, identity) for one in tries]
    best = rank_by_likeness(scores)[0]
    score = scores[best]
    said = "in none a face was found" if score is None else f"likeness {score}"
    return tries[best], [f"Face {target.number}: the most like of {len(tries)}, {said}."]


def _standard(
    pixels: Pixels,
    target: TemplateFace,
    identity: Identity,
    settings: Settings,
    host: Host,
    passes: Passes,
) -> list[Image.Image]:
    """The crop around the face, painted anew inside its grown mask at the resolution that the face deserves."""
    left, top, side = face_crop(target)
    painted = painted_side(side, settings.sides)
    mask = grown(target, settings.growth)
    crop = square(pixels, left, top, side)
    small_mask = cv2.resize(square(mask[..., None] * np.uint8(255), left, top, side), (painted, painted))
    start = Image.fromarray(crop).resize((painted, painted), Image.Resampling.LANCZOS)
    job = Job(
        settings.prompt,
        settings.negative_prompt,
        people=(Person(identity, settings.strength, region=np.asarray(small_mask / 255.0, np.float32)),),
        count=settings.count,
        seed=settings.seed + target.number,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=painted,
        height=painted,
        inpaint=Inpaint(start, settings.denoise, Image.fromarray(small_mask)),
    )
    finished = list(passes.generate(host, job, standard_steps(settings)))
    if not settings.match:
        return finished
    before = np.asarray(start)
    return [Image.fromarray(match_color(np.asarray(one), before, small_mask >= 128)) for one in finished]


def _laid(pixels: Pixels, target: TemplateFace, mask: Mask, painted: Image.Image) -> Pixels:
    """The picture with what was painted of the seat's crop laid over it, inside the mask with a feather."""
    left, top, side = face_crop(target)
    new = np.asarray(painted.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    template = np.array(pixels)
    paste(template, new, mask, left, top, _FEATHER * max(target.face.width, target.face.height))
    return template
