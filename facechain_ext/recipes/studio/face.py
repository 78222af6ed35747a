"""The stages of one face in the studio, on its painted crop: each sees the picture of the one before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces, retouch
from facechain_ext.errors import Cancelled, PhotoError
from facechain_ext.recipes.job import Control, Inpaint, Person
from facechain_ext.recipes.studio.masks import SKIN_BLUR, fusion_share, input_mask, second_mask
from facechain_ext.recipes.studio.presets import SECOND
from facechain_ext.recipes.template.quality import StageView, blend_photo, painting_job, require_host
from facechain_ext.recipes.template.source_photo import choose_photo
from facechain_ext.recipes.upscaling import upscale
from facechain_ext.retouch.color_shift import blend_by, box_blur, shift_color
from facechain_ext.retouch.fuse.options import PAINTED, BlendOptions
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.studio.masks import CropFace
    from facechain_ext.recipes.studio.presets import StudioPreset
    from facechain_ext.recipes.template.quality import TemplateContext
    from facechain_ext.recipes.template.settings import FaceSource, Settings

Weights = tuple[tuple["ControlKind", float], ...]
"""Kinds and weights of the units of a diffusion."""

_CANNY = (100, 200)
"""Published thresholds of the edges."""
_BLOCK, _BLOCK_SIDE = 24, 1024
"""Side in pixels of the blocks of colour, in a picture whose shorter side has so many."""
FIRST: Weights = (("canny", 0.5), ("openpose_face", 0.5), ("color", 0.85))
SECOND_UNITS: Weights = (("canny", 1.0), ("tile", 1.0))
THIRD: Weights = (("canny", 1.0), ("color", 1.0))
"""The units of the three diffusions; the prompt counts more than they."""


def control_units(weights: Weights, picture: Pixels, pose: Pixels, settings: Settings) -> tuple[Control, ...]:
    """The units of a diffusion for which the host has a ControlNet; ``pose`` is the picture of the pose."""
    found = []
    for kind, weight in weights:
        if kind not in settings.controls:
            continue
        if kind == "canny":
            shown, prepared = Image.fromarray(cv2.Canny(picture, *_CANNY)).convert("RGB"), True
        elif kind == "color":
            shown, prepared = Image.fromarray(color_blocks(picture)), True
        else:
            shown, prepared = Image.fromarray(pose if kind == "openpose_face" else picture), False
        found.append(Control(kind, shown, weight, prepared=prepared, prompt_first=True))
    return tuple(found)


def color_blocks(pixels: Pixels) -> Pixels:
    """The picture as blocks of colour, as the published ControlNet of random colours was trained on."""
    height, width = pixels.shape[:2]
    scale = _BLOCK_SIDE / min(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    large = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    coarse = cv2.resize(large, (max(size[0] // _BLOCK, 1), max(size[1] // _BLOCK, 1)), interpolation=cv2.INTER_CUBIC)
    blocks = cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(blocks, (width, height), interpolation=cv2.INTER_CUBIC))


def diffuse(
    start: Pixels, mask: Mask, numbers: tuple[float, int], units: tuple[Control, ...], people: Sequence[Person],
    preset: StudioPreset, seed: int, context: TemplateContext,
) -> Pixels:  # fmt: skip
    """One inpaint of a crop inside ``mask``; ``numbers`` are its denoising and its steps. Raises Cancelled."""
    settings = context.settings
    denoise, steps = numbers
    job = replace(
        painting_job(settings, people, seed=seed, size=(start.shape[1], start.shape[0])),
        steps=steps,
        sampler=preset.sampler or settings.sampler,
        cfg=preset.cfg or settings.cfg,
        controls=units,
        inpaint=Inpaint(Image.fromarray(start), denoise, Image.fromarray(mask * np.uint8(255))),
    )
    made = context.passes.generate(require_host(context), job, sampled(numbers))
    # what the autoencoder changes outside the mask would be carried into the next stage
    return np.where(mask[..., None], np.asarray(made[0]), start)


def sampled(numbers: tuple[float, int]) -> int:
    """The steps that an inpaint samples of these numbers."""
    return max(round(numbers[0] * numbers[1]), 1)


@dataclass(eq=False)
class StudioFace:
    """One face on its way through the stages.

    ``before`` and ``now`` are the crop uint8 [n, n, 3] as it was and as it is, ``free`` bool [n, n] what of it may
    change. ``views`` are its pictures before and after each stage that ran, ``left_out`` sentences on those that
    could not.
    """

    face: CropFace
    before: Pixels
    free: Mask
    source: FaceSource
    person: Person
    preset: StudioPreset
    stages: tuple[str, ...]
    context: TemplateContext
    seed: int
    now: Pixels = field(init=False)
    views: list[StageView] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Run the stages in order.

        After an interrupt what the first diffusion made is kept; raises Cancelled when that was not finished, HostError
        as the host does.
        """
        self.now = self.before
        for name, work in self._work():
            try:
                new = work()
            except Cancelled:
                if not any(view.stage == "first" for view in self.views):
                    raise
                self.left_out.append(f"Stopped at the stage {name}; what was painted before it is kept.")
                return
            except PhotoError as error:
                self.left_out.append(f"The stage {name} is left out: {error}")
                continue
            self.views.append(StageView(self.face.target.number, name, Image.fromarray(self.now), Image.fromarray(new)))
            self.now = new

    def _work(self) -> list[tuple[str, Callable[[], Pixels]]]:
        """The stages that run, by name, in order."""
        second = [name for name in self.stages if name in SECOND]
        works: dict[str, Callable[[], Pixels]] = {
            "fuse": lambda: self._fuse(BlendOptions()),
            "first": self._first,
            "color": lambda: self._shift(self.face.skin & ~self.face.eyes),
            "fuse again": lambda: self._fuse(PAINTED),
            "rim": self._second,
            "eyes": self._second,
            "lips": self._second,
            "color again": lambda: self._shift(self.face.skin & ~self.face.eyes & ~self.face.lips),
            "makeup": self._makeup,
            "skin": self._skin,
            "upscale": self._upscale,
        }
        return [
            (", ".join(second) if name in second else name, works[name])
            for name in self.stages
            if name in works and name not in second[1:]
        ]

    def _fuse(self, options: BlendOptions) -> Pixels:
        target = self.face.target
        fused = blend_photo(self.now, target, self.source, self.context.detector, options=options)
        self.notes += [note for note in fused.notes if note not in self.notes]
        return self._inside(blend_by(fusion_share(self.face, self.preset.fusion), fused.pixels, self.now))

    def _first(self) -> Pixels:
        settings = self.context.settings
        numbers = self.preset.first or (settings.denoise, settings.steps)
        units = control_units(FIRST, self.now, self._posed(), settings)
        mask = input_mask(self.face) & self.free
        return self._diffuse(mask, numbers, units)

    def _second(self) -> Pixels:
        mask = second_mask(self.face, self.stages) & self.free
        if not mask.any():
            raise PhotoError("eyes, lips and rim of the face are covered.")
        units = control_units(SECOND_UNITS, self.now, self.now, self.context.settings)
        return self._diffuse(mask, self.preset.second, units)

    def _diffuse(self, mask: Mask, numbers: tuple[float, int], units: tuple[Control, ...]) -> Pixels:
        return diffuse(self.now, mask, numbers, units, (self.person,), self.preset, self.seed, self.context)

    def _posed(self) -> Pixels:
        """The photo's head over the template's by a similarity of their landmarks; the crop where that cannot be."""
        target = self.face.target
        wanted = target.face.landmarks.astype(np.float32)
        try:
            photo = choose_photo(self.source, self.now, target, self.context.detector)
            matrix, _ = cv2.estimateAffinePartial2D(photo.face.landmarks.astype(np.float32), wanted)
        except PhotoError:
            matrix = None
        if matrix is None:
            words = "the pose is the template's own: no photo's head can be laid over it."
            self.notes.append(f"Face {target.number}: {words}")
            return self.now
        size = self.now.shape[1::-1]
        warped = cv2.warpAffine(photo.pixels, matrix, size)
        there = cv2.warpAffine(np.ones(photo.pixels.shape[:2], np.uint8), matrix, size) > 0
        return np.where((there & self.face.skin)[..., None], warped, self.now)

    def _shift(self, region: Mask) -> Pixels:
        """Light and colour of the template's skin, pasted through the region's blurred mask."""
        shifted = shift_color(self.now, region, self.before, region)
        share = box_blur(region, self.face.scaled(SKIN_BLUR)) * self.free
        return self._inside(blend_by(share, shifted, self.now))

    def _makeup(self) -> Pixels:
        """The template's colours on lips and around the eyes, by the settings' ratio."""
        now, ratio = self.now, np.float32(self.context.settings.studio_makeup)
        for region in (self.face.lips, self._lids()):
            if region.any():
                shifted = shift_color(now, region, self.before, region)
                share = box_blur(region, self.face.scaled(SKIN_BLUR / 4)) * ratio
                now = blend_by(share, shifted, now)
        return self._inside(now)

    def _lids(self) -> Mask:
        """The skin around the eyes where eye shadow is."""
        width = self.face.scaled(24)
        grown = cv2.dilate(self.face.eyes.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
        return np.asarray(grown & ~self.face.eyes & self.face.skin)

    def _skin(self) -> Pixels:
        found = self.context.detector.detect(self.now)
        if not found:
            raise PhotoError("there is no face in what was painted.")
        face = faces.choose_face(found)
        return self._inside(retouch.retouch_skin(self.now, [face], strength=self.preset.skin))

    def _upscale(self) -> Pixels:
        """Twice the size by the host's upscaler and back, blended with what it was."""
        height, width = self.now.shape[:2]
        picture = Image.fromarray(self.now)
        asked = self.context.settings.upscaler
        large, used = upscale(self.context.host, picture, (2 * width, 2 * height), asked)
        if asked and used != asked:
            self.left_out.append(f"The stage upscale used {used}: there is no upscaler {shorten(asked)} here.")
        small = np.asarray(large.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
        share = np.full((height, width), self.context.settings.studio_upscale, np.float32)
        return self._inside(blend_by(share, small, self.now))

    def _inside(self, new: Pixels) -> Pixels:
        """``new`` where the crop may change, and the picture as it is elsewhere."""
        return np.where(self.free[..., None], new, self.now)
