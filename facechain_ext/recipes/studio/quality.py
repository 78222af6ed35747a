"""The quality studio of a template portrait: two diffusions of each face, and a third of seams and background."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.errors import Cancelled
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.studio.face import THIRD, StudioFace, control_units, diffuse, sampled
from facechain_ext.recipes.studio.masks import changeable, crop_face, crop_mask, crop_square, seam_mask
from facechain_ext.recipes.studio.presets import SECOND, WHOLE, chosen_stages, find_preset
from facechain_ext.recipes.template.crop import fit_size, painted_side, paste, resized
from facechain_ext.recipes.template.quality import (
    FaceResult,
    StageView,
    choose_most_like,
    person_strength,
    require_identity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.quality import TemplateContext
    from facechain_ext.recipes.template.settings import FaceSource, Settings

log = logging.getLogger(__name__)

_FEATHER = 0.06
"""Width of the feather of the paste, in sides of the face."""
_WIDE = 1.5
"""Aspect from which the third pass has the smaller of its two sides."""
_THIRD_SIDES = (512, 768)
"""Published shorter sides of the third pass: of a picture wider than that, and of another."""


class StudioQuality:
    """Paints each face in two diffusions with colour shifts between, and the seams of several people in a third."""

    name = "studio"
    paints = True
    controls: tuple[ControlKind, ...] = ("canny", "openpose_face", "color", "tile")

    def progress_steps(self, settings: Settings) -> int:
        """The steps that both diffusions sample for all tries."""
        preset, stages = find_preset(settings.studio_preset), _stages(settings)
        first = sampled(preset.first or (settings.denoise, settings.steps))
        return settings.count * (first + (sampled(preset.second) if set(SECOND) & set(stages) else 0))

    def mask(self, target: TemplateFace, settings: Settings) -> Mask:
        """The face dilated by a tenth of its side, without what occludes it."""
        del settings
        return changeable(target)

    def replace_face(
        self, pixels: Pixels, target: TemplateFace, source: FaceSource, context: TemplateContext
    ) -> FaceResult:
        """Paint ``count`` tries one after the other, and paste the most like; after an interrupt the finished count."""
        identity, settings = require_identity(source), context.settings
        preset = find_preset(settings.studio_preset)
        place = crop_square(target, preset.share)
        size = painted_side(place[2], settings.sides)
        before, face = crop_face(pixels, target, place, size)
        free = crop_mask(self.mask(target, settings), place, size)
        person = Person(identity, person_strength(source, settings), region=free.astype(np.float32))
        tries: list[StudioFace] = []
        for number in range(settings.count):
            run = StudioFace(
                face, before, free, source, person, preset, _stages(settings), context,
                settings.seed + target.number + number,
            )  # fmt: skip
            try:
                run.run()
            except Cancelled:
                if not tries:
                    raise
                break
            tries.append(run)
            if context.passes.stopped:
                break
        pictures = [Image.fromarray(run.now) for run in tries]
        best, notes = choose_most_like(pictures, target, identity, context.scorer)
        run = tries[pictures.index(best)]
        left, top, side = place
        new, result = np.asarray(best.resize((side, side), Image.Resampling.LANCZOS)), np.array(pixels)
        paste(
            result, new, self.mask(target, settings), left, top, _FEATHER * max(target.face.width, target.face.height)
        )
        left_out = [f"Face {target.number}: {line}" for line in run.left_out]
        for line in left_out:
            log.warning("%s", line)
        return FaceResult(result, left_out, [*notes, *run.notes], stages=run.views)

    def finish_steps(self, settings: Settings, faces: int) -> int:
        """What the third diffusions count in the progress, where ``faces`` are painted."""
        preset = find_preset(settings.studio_preset)
        denoise = [preset.third_denoise[WHOLE.index(stage)] for stage in _whole(settings, faces)]
        return sum(sampled((one, preset.third_steps)) for one in denoise)

    def finish(self, pixels: Pixels, painted: Sequence[TemplateFace], context: TemplateContext) -> FaceResult:
        """The picture with the seams of several people repaired, and what is around them where that is a stage.

        Every other face, and of the painted ones what the rings leave, stays as it is. Raises Cancelled when the work
        was stopped, with nothing of this kept.
        """
        settings = context.settings
        preset = find_preset(settings.studio_preset)
        size = _third_size(pixels, settings)
        people = np.any([changeable(target) for target in painted], axis=0)
        others = [target for target in context.targets if target.number not in {one.number for one in painted}]
        kept = np.any([target.mask | target.covered for target in others] or [np.zeros_like(people)], axis=0)
        views: list[StageView] = []
        for stage in _whole(settings, len(painted)):
            scale = pixels.shape[1] / size[0]
            area = _ring(people, size) if stage == "seams" else ~people
            area = area & ~kept
            small = np.asarray(resized(pixels, size))
            mask = np.asarray(resized(area * np.uint8(255), size)) >= 128
            numbers = preset.third_denoise[WHOLE.index(stage)], preset.third_steps
            new = diffuse(
                small, mask, numbers, control_units(THIRD, small, small, settings), (), preset, settings.seed, context
            )
            views.append(StageView(0, stage, Image.fromarray(small), Image.fromarray(new)))
            pixels = _changed(pixels, small, new, area, scale)
        return FaceResult(pixels, stages=views)


def first_numbers(settings: Settings) -> Settings:
    """The settings with the denoising, steps, sampler and CFG scale of the first diffusion."""
    preset = find_preset(settings.studio_preset)
    denoise, steps = preset.first or (settings.denoise, settings.steps)
    return replace(
        settings, denoise=denoise, steps=steps, sampler=preset.sampler or settings.sampler,
        cfg=preset.cfg or settings.cfg,
    )  # fmt: skip


def _stages(settings: Settings) -> tuple[str, ...]:
    return chosen_stages(find_preset(settings.studio_preset), settings.studio_stages)


def _whole(settings: Settings, faces: int) -> tuple[str, ...]:
    """The stages of the whole picture that run: seams only where several people were painted."""
    return tuple(one for one in _stages(settings) if one in WHOLE and faces > (1 if one == "seams" else 0))


def _third_size(pixels: Pixels, settings: Settings) -> tuple[int, int]:
    """Width and height at which the whole picture is painted, within what the checkpoint paints."""
    height, width = pixels.shape[:2]
    wide, usual = _THIRD_SIDES
    side = wide if width / height > _WIDE else usual
    low, high = settings.sides
    return fit_size(width, height, (min(max(side, low), high), high))


def _ring(people: Mask, size: tuple[int, int]) -> Mask:
    """The ring around the people at the picture's size, measured where it is painted."""
    small = np.asarray(resized(people * np.uint8(255), size)) >= 128
    ring = seam_mask(small, min(size))
    return np.asarray(cv2.resize(ring.astype(np.uint8), people.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0)


def _changed(pixels: Pixels, small: Pixels, new: Pixels, area: Mask, scale: float) -> Pixels:
    """What the painting changed, enlarged and added to the picture, which so keeps its own detail; feathered inside."""
    size = pixels.shape[1::-1]
    change = new.astype(np.float32) - small
    large = cv2.resize(change, size, interpolation=cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(area.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    share = np.clip(depth / max(4 * scale, 1.0), 0, 1)[..., None]
    made = np.clip(pixels + share * large + 0.5, 0, 255).astype(np.uint8)
    return np.where(area[..., None], made, pixels)
