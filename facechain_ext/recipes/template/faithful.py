"""The quality faithful: the published passes for one face, which are generate, fuse, inpaint, refine, fuse.

The numbers are the published program's. Its faults are not: every face is painted by itself and at the resolution
that it has in the template, masks do not add up over faces, a pass that finds no face goes on without it, and outside
the mask the template's own pixels stay, so that nothing the autoencoder loses has to be added back.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import Cancelled
from facechain_ext.recipes.job import Control, Inpaint, Person
from facechain_ext.recipes.template.crop import dilate, face_crop, painted_side, square
from facechain_ext.recipes.template.quality import (
    FaceResult,
    choose_most_like,
    composite,
    painting_job,
    person_strength,
    require_host,
    require_identity,
)
from facechain_ext.retouch.fuse import blend_face
from facechain_ext.retouch.fuse.options import PAINTED

if TYPE_CHECKING:
    from facechain_ext.faces.types import Detector, Mask, Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.quality import TemplateContext
    from facechain_ext.recipes.template.settings import FaceSource, Settings

log = logging.getLogger(__name__)

_FIRST_STRENGTH = 0.5
"""Strength of the face in the first, free picture."""
_AROUND, _BELOW = 0.04, 0.1
"""What the mask is dilated everywhere and below the eyes, in sides of the face."""
_CANNY = (100, 200)
"""Thresholds of the edges that are kept."""
_WEIGHTS, _REFINING = (1.0, 0.2), (0.8, 0.8)
"""Weights of openpose and canny in the inpaint and in the refinement."""
_REFINE = 0.1
"""Denoising of the refinement."""


class FaithfulQuality:
    """Paints each face in the three published passes, steered by the template's pose and edges."""

    name = "faithful"
    paints = True
    controls: tuple[ControlKind, ...] = ("openpose", "openpose_face", "canny")

    def progress_steps(self, settings: Settings) -> int:
        """The steps that all passes sample for all tries."""
        return settings.count * sum(_steps_of_passes(settings))

    def mask(self, target: TemplateFace, settings: Settings) -> Mask:
        """The face dilated by 0.04 of its side everywhere and by 0.1 below the eyes, without what occludes it."""
        del settings
        side = max(target.face.width, target.face.height)
        around, below = (dilate(target.mask, share * side) for share in (_AROUND, _BELOW))
        eyes = int(np.clip(target.face.landmarks[:2, 1].max(), 0, len(target.mask)))
        rows = np.arange(len(target.mask))[:, None] > eyes
        return np.asarray((around | (below & rows)) & ~target.covered)

    def replace_face(
        self, pixels: Pixels, target: TemplateFace, source: FaceSource, context: TemplateContext
    ) -> FaceResult:
        """Paint ``count`` tries one after the other; after an interrupt the finished ones count."""
        identity, settings = require_identity(source), context.settings
        tries: list[Image.Image] = []
        left_out: list[str] = []
        for number in range(settings.count):
            once = replace(context, settings=replace(settings, seed=settings.seed + number))
            try:
                painted, notes = self._paint(pixels, target, source, identity, once)
            except Cancelled:
                if not tries:
                    raise
                break
            tries.append(painted)
            left_out += [note for note in notes if note not in left_out]
        for note in left_out:
            log.warning("%s", note)
        best, notes = choose_most_like(tries, target, identity, context.scorer)
        return FaceResult(composite(pixels, target, self.mask(target, settings), best), left_out, notes)

    def _paint(
        self, pixels: Pixels, target: TemplateFace, source: FaceSource, identity: Identity, context: TemplateContext
    ) -> tuple[Image.Image, list[str]]:
        """The crop around ``target`` with the person painted into it, and what a pass had to leave out, as sentences.

        Raises Cancelled when the work was stopped.
        """
        host, settings, detector, passes = require_host(context), context.settings, context.detector, context.passes
        notes: list[str] = []
        left, top, side = face_crop(target)
        size = painted_side(side, settings.sides)

        def view(picture: Pixels) -> Pixels:
            return np.asarray(
                Image.fromarray(square(picture, left, top, side)).resize((size, size), Image.Resampling.LANCZOS)
            )

        others = np.any(
            [other.mask for other in context.targets if other.number != target.number] or [np.zeros_like(target.mask)],
            axis=0,
        )
        only_target = view(np.where(others[..., None], np.uint8(0), pixels))
        mask = view(np.repeat(self.mask(target, settings)[..., None], 3, -1) * np.uint8(255))[..., 0]
        alone = Person(identity, _FIRST_STRENGTH)
        base = painting_job(settings, [alone], seed=settings.seed + target.number, size=(size, size))
        first_steps, *inpaint_steps = _steps_of_passes(settings)
        available = settings.controls
        pose = (Control("openpose", Image.fromarray(only_target)),) if "openpose" in available else ()
        generated = passes.generate(host, replace(base, controls=pose), first_steps)[0]
        free = _blend_photo(generated, source, detector, notes)
        face_pose = _align_face(free, only_target, detector, notes) if "openpose_face" in available else None
        edges = cv2.Canny(cv2.cvtColor(only_target, cv2.COLOR_RGB2GRAY), *_CANNY) * (mask < 128)

        def controls(weights: tuple[float, float]) -> tuple[Control, ...]:
            found = []
            if face_pose is not None:
                found.append(Control("openpose_face", Image.fromarray(face_pose), weights[0]))
            if "canny" in available:
                lines = Image.fromarray(np.repeat(edges[..., None], 3, -1))
                found.append(Control("canny", lines, weights[1], prepared=True))
            return tuple(found)

        region = np.asarray(mask / 255.0, np.float32)
        people = (Person(identity, person_strength(source, settings), region=region),)
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
        blended = Image.fromarray(_blend_photo(picture, source, detector, notes))
        return blended, [f"Face {target.number}: {note}" for note in dict.fromkeys(notes)]


def _steps_of_passes(settings: Settings) -> tuple[int, int, int]:
    """What the three generations count in the progress of the recipe: about the steps that each samples."""
    inpaint, refinement = (max(round(settings.steps * share), 1) for share in (settings.denoise, _REFINE))
    return settings.steps, inpaint, refinement


def _blend_photo(picture: Image.Image, source: FaceSource, detector: Detector, notes: list[str]) -> Pixels:
    """The picture with the photo's face blended over its own, where both have one."""
    pixels = np.asarray(picture)
    if source.photo is None:
        return pixels
    found = detector.detect(pixels)
    if not found:
        notes.append("a pass showed no face, so the photo's was not laid over it.")
        return pixels
    face = faces.choose_face(detector.detect(source.photo))
    return blend_face(source.photo, face, pixels, faces.choose_face(found), options=PAINTED, notes=notes)


def _align_face(free: Pixels, template: Pixels, detector: Detector, notes: list[str]) -> Pixels:
    """The first picture warped so that its face lies on the template's; the template where either shows no face."""
    found, wanted = detector.detect(free), detector.detect(template)
    if not found or not wanted:
        notes.append("the first pass showed no face, so the pose is the template's own face's.")
        return template
    matrix, _ = cv2.estimateAffinePartial2D(
        faces.choose_face(found).landmarks.astype(np.float32), faces.choose_face(wanted).landmarks.astype(np.float32)
    )
    if matrix is None:
        notes.append("the first pass's face fits the template's nowhere, so the pose is the template's own face's.")
        return template
    return np.asarray(cv2.warpAffine(free, matrix, free.shape[1::-1]))
