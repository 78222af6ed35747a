"""The qualities instant and standard: the photo's face blended over the template's, or one inpaint of each face."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.recipes.job import Inpaint, Person
from facechain_ext.recipes.template.crop import dilate_mask, face_crop, match_color, painted_side, square, surroundings
from facechain_ext.recipes.template.quality import (
    FaceResult,
    blend_photo,
    choose_most_like,
    composite,
    painting_job,
    person_strength,
    require_host,
    require_identity,
)
from facechain_ext.retouch.fuse.options import PAINTED, BlendOptions

if TYPE_CHECKING:
    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.quality import TemplateContext
    from facechain_ext.recipes.template.settings import FaceSource, Settings


class InstantQuality:
    """Blends the photo's face over the template's; no model is needed."""

    name = "instant"
    paints = False
    controls: tuple[ControlKind, ...] = ()

    def progress_steps(self, settings: Settings) -> int:
        """Nothing is sampled: one step a face."""
        del settings
        return 1

    def mask(self, target: TemplateFace, settings: Settings) -> Mask:
        """The face's own pixels; with the person's complexion also what lies near the face, where ears and neck are."""
        return target.mask if settings.template_complexion else target.mask | surroundings(target)

    def replace_face(
        self, pixels: Pixels, target: TemplateFace, source: FaceSource, context: TemplateContext
    ) -> FaceResult:
        """Blend the photo, or the card's thumbnail, over the face."""
        settings = context.settings
        options = BlendOptions(settings.template_complexion, settings.template_expression, settings.template_gaze)
        around = None if settings.template_complexion else self.mask(target, settings)
        return blend_photo(pixels, target, source, context.detector, options=options, around=around)


class StandardQuality:
    """Paints each face in one inpaint, inside its dilated mask and at the resolution that the face has."""

    name = "standard"
    paints = True
    controls: tuple[ControlKind, ...] = ()

    def progress_steps(self, settings: Settings) -> int:
        """The steps that the inpaint samples for all tries."""
        return settings.count * max(round(settings.steps * settings.denoise), 1)

    def mask(self, target: TemplateFace, settings: Settings) -> Mask:
        """The face dilated by ``growth``."""
        return dilate_mask(target, settings.growth)

    def replace_face(
        self, pixels: Pixels, target: TemplateFace, source: FaceSource, context: TemplateContext
    ) -> FaceResult:
        """Paint the face; with ``fuse`` the photo is blended over the result."""
        identity = require_identity(source)
        strength = person_strength(source, context.settings)
        tries = self._inpaint(pixels, target, identity, strength, context)
        best, notes = choose_most_like(tries, target, identity, context.scorer)
        result = composite(pixels, target, self.mask(target, context.settings), best)
        if context.settings.fuse:
            # what was painted has the person's complexion in the template's light already
            fused = blend_photo(result, target, source, context.detector, options=PAINTED)
            result, notes = fused.pixels, [*notes, *fused.notes]
        return FaceResult(result, notes=notes)

    def _inpaint(
        self, pixels: Pixels, target: TemplateFace, identity: Identity, strength: float, context: TemplateContext
    ) -> list[Image.Image]:
        """The finished tries: crops around the face, painted inside the mask."""
        host, settings = require_host(context), context.settings
        left, top, side = face_crop(target)
        painted = painted_side(side, settings.sides)
        mask = self.mask(target, settings)
        crop = square(pixels, left, top, side)
        small_mask = cv2.resize(square(mask[..., None] * np.uint8(255), left, top, side), (painted, painted))
        start = Image.fromarray(crop).resize((painted, painted), Image.Resampling.LANCZOS)
        person = Person(identity, strength, region=np.asarray(small_mask / 255.0, np.float32))
        job = replace(
            painting_job(settings, [person], seed=settings.seed + target.number, size=(painted, painted)),
            count=settings.count,
            inpaint=Inpaint(start, settings.denoise, Image.fromarray(small_mask)),
        )
        finished = list(context.passes.generate(host, job, self.progress_steps(settings)))
        if not settings.match:
            return finished
        before = np.asarray(start)
        return [Image.fromarray(match_color(np.asarray(one), before, small_mask >= 128)) for one in finished]
