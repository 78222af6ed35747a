"""The published passes of a template portrait, for one face: generate, fuse, inpaint along it, refine, fuse.

The numbers are the published program's. Its faults are not: every face is painted by itself and at the resolution
that it has in the template, masks do not add up over faces, a pass that finds no face goes on without it, and outside
the mask the template's own pixels stay, so that nothing the autoencoder loses has to be added back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.recipes.job import Control, Inpaint, Job, Person
from facechain_ext.recipes.template.crop import face_crop, painted_side, square
from facechain_ext.retouch.fuse import blend_face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Detector, Mask, Pixels
    from facechain_ext.recipes.job import ControlKind, Host
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.passes import Passes
    from facechain_ext.recipes.template.settings import FaceSource, Settings

CONTROLS: tuple[ControlKind, ...] = ("openpose", "openpose_face", "canny")
"""The kinds of ControlNet that the passes are steered by."""
_FIRST_STRENGTH = 0.5
"""Strength of the face in the first, free picture."""
_AROUND, _BELOW = 0.04, 0.1
"""What the mask grows everywhere and below the eyes, in sides of the face."""
_CANNY = (100, 200)
"""Thresholds of the edges that are kept."""
_WEIGHTS, _REFINING = (1.0, 0.2), (0.8, 0.8)
"""Weights of openpose and canny in the inpaint and in the refinement."""
_REFINE = 0.1
"""Denoising of the refinement."""


def missing(settings: Settings) -> list[str]:
    """What the published passes use and the host has not, in words."""
    if settings.quality != "faithful":
        return []
    lacking = [kind for kind in CONTROLS if kind not in settings.controls]
    return [f"Painted without ControlNet for {', '.join(lacking)}: install it to follow the pose."] if lacking else []


def pass_steps(settings: Settings) -> tuple[int, int, int]:
    """What the three generations count in the progress of the recipe: about the steps that each samples."""
    inpaint, refinement = (max(round(settings.steps * part), 1) for part in (settings.denoise, _REFINE))
    return settings.steps, inpaint, refinement


def growing(target: TemplateFace) -> Mask:
    """The mask of what is painted: the face grown by 0.04 of its side everywhere, and by 0.1 below the eyes.

    What lies before the face is not in it.
    """
    side = max(target.face.width, target.face.height)
    around, below = (_dilated(target.mask, share * side) for share in (_AROUND, _BELOW))
    eyes = int(np.clip(target.face.landmarks[:2, 1].max(), 0, len(target.mask)))
    rows = np.arange(len(target.mask))[:, None] > eyes
    return np.asarray((around | (below & rows)) & ~target.covered)


def paint(
    pixels: Pixels,
    target: TemplateFace,
    targets: Sequence[TemplateFace],
    source: FaceSource,
    settings: Settings,
    host: Host,
    detector: Detector,
    passes: Passes,
) -> tuple[Image.Image, list[str]]:
    """The crop around a face with the guest in it, and what a pass had to leave out, in words.

    Only what is inside ``growing`` is meant to be used. The guest has an identity. Raises Cancelled when the work
    was stopped.
    """
    assert source.identity is not None
    notes: list[str] = []
    left, top, side = face_crop(target)
    size = painted_side(side, settings.sides)

    def view(picture: Pixels) -> Pixels:
        return np.asarray(
            Image.fromarray(square(picture, left, top, side)).resize((size, size), Image.Resampling.LANCZOS)
        )

    others = np.any(
        [other.mask for other in targets if other.number != target.number] or [np.zeros_like(target.mask)],
        axis=0,
    )
    alone = view(np.where(others[..., None], np.uint8(0), pixels))
    mask = view(np.repeat(growing(target)[..., None], 3, -1) * np.uint8(255))[..., 0]
    base = Job(
        settings.prompt,
        settings.negative_prompt,
        people=(Person(source.identity, _FIRST_STRENGTH),),
        seed=settings.seed + target.number,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=size,
        height=size,
    )
    first, *inpaint_steps = pass_steps(settings)
    here = settings.controls
    pose = (Control("openpose", Image.fromarray(alone)),) if "openpose" in here else ()
    free = _fused(passes.generate(host, replace(base, controls=pose), first)[0], source, detector, notes)
    onto = _onto(free, alone, detector, notes) if "openpose_face" in here else None
    edges = cv2.Canny(cv2.cvtColor(alone, cv2.COLOR_RGB2GRAY), *_CANNY) * (mask < 128)

    def controls(weights: tuple[float, float]) -> tuple[Control, ...]:
        found = []
        if onto is not None:
            found.append(Control("openpose_face", Image.fromarray(onto), weights[0]))
        if "canny" in here:
            lines = Image.fromarray(np.repeat(edges[..., None], 3, -1))
            found.append(Control("canny", lines, weights[1], prepared=True))
        return tuple(found)

    region = np.asarray(mask / 255.0, np.float32)
    people = (Person(source.identity, settings.strength, region=region),)
    picture = Image.fromarray(view(pixels))
    inpaints = ((settings.denoise, _WEIGHTS), (_REFINE, _REFINING))
    for (denoise, weights), steps in zip(inpaints, inpaint_steps, strict=True):
        job = replace(
            base,
            people=people,
            controls=controls(weights),
            inpaint=Inpaint(picture, denoise, Image.fromarray(mask)),
        )
        painted = np.asarray(passes.generate(host, job, steps)[0])
        # what the autoencoder changes outside the mask would be carried into the next pass
        picture = Image.fromarray(np.where((mask >= 128)[..., None], painted, np.asarray(picture)).astype(np.uint8))
    return Image.fromarray(_fused(picture, source, detector, notes)), [
        f"Face {target.number}: {note}" for note in notes
    ]


def _fused(picture: Image.Image, source: FaceSource, detector: Detector, notes: list[str]) -> Pixels:
    """The picture with the photo's face over its own, where both have one."""
    pixels = np.asarray(picture)
    if source.photo is None:
        return pixels
    found = detector.detect(pixels)
    if not found:
        notes.append("a pass showed no face, so the photo's was not laid over it.")
        return pixels
    return blend_face(source.photo, faces.choose_face(detector.detect(source.photo)), pixels, faces.choose_face(found))


def _onto(free: Pixels, template: Pixels, detector: Detector, notes: list[str]) -> Pixels:
    """The free picture moved so that its face lies on the template's; the template where either shows no face."""
    here, there = detector.detect(free), detector.detect(template)
    if not here or not there:
        notes.append("the first pass showed no face, so the pose is the template's own face's.")
        return template
    matrix, _ = cv2.estimateAffinePartial2D(
        faces.choose_face(here).landmarks.astype(np.float32), faces.choose_face(there).landmarks.astype(np.float32)
    )
    return template if matrix is None else np.asarray(cv2.warpAffine(free, matrix, free.shape[1::-1]))


def _dilated(mask: Mask, reach: float) -> Mask:
    pixels = max(round(reach), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)
