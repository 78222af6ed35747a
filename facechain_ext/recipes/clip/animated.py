"""A clip that is drawn from words by AnimateDiff: what it shows, and the frames that it may start from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.recipes.portrait_settings import portrait_setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.media.clip import Clip

FRAMES = 16
"""Frames that motion modules of AnimateDiff were trained on."""
MIN_SIDE, MAX_SIDE = 64, 1024
"""Pixels of a clip's width and height."""
MIN_DENOISE = 0.05
"""Of frames that a clip starts from; with less nothing is drawn."""
_STEPS, _CFG = portrait_setting("steps"), portrait_setting("cfg")
_STEP = 8
"""Pixels of a latent cell."""


@dataclass(frozen=True)
class ClipJob:
    """What a clip shows: ``frames`` up to what the motion module knows, ``steps`` and ``cfg`` as a portrait's.

    ``width`` and ``height`` are ``MIN_SIDE`` to ``MAX_SIDE``, in multiples of 8. A clip drawn over others starts from
    as many frames as it has, RGB uint8 [height, width, 3], in ``start``, and ``denoise`` of the steps are drawn.
    """

    prompt: str
    negative_prompt: str = ""
    frames: int = FRAMES
    steps: int = _STEPS.default
    cfg: float = _CFG.default
    width: int = 512
    height: int = 512
    seed: int = 0
    start: tuple[Pixels, ...] = field(default=(), repr=False)
    denoise: float = 0.6

    @property
    def drawn_steps(self) -> int:
        """The steps that are drawn."""
        return max(round(self.steps * self.denoise), 1) if self.start else self.steps


def check_clip_job(job: ClipJob, max_frames: int) -> None:
    """Raises InputError for a value out of its range."""
    for name, value, low, high in (
        ("Frames", job.frames, 1, max_frames),
        ("Steps", job.steps, _STEPS.low, _STEPS.high),
        ("CFG scale", job.cfg, _CFG.low, _CFG.high),
        ("Width", job.width, MIN_SIDE, MAX_SIDE),
        ("Height", job.height, MIN_SIDE, MAX_SIDE),
        ("Denoising strength", job.denoise, MIN_DENOISE, 1),
    ):
        if not low <= value <= high:
            raise InputError(f"{name} is {value:g}; choose a value from {low:g} to {high:g}.")
    if job.width % _STEP or job.height % _STEP:
        raise InputError(f"Width and height are multiples of {_STEP}, not {job.width} x {job.height}.")
    if job.start and [frame.shape for frame in job.start] != [(job.height, job.width, 3)] * job.frames:
        raise InputError(f"A clip of {job.frames} frames starts from as many of {job.width} x {job.height} pixels.")


def frames_at(clip: Clip, fps: float, count: int) -> list[Pixels]:
    """The frames that ``clip`` shows at the times of ``fps`` frames a second, from its beginning; ``count`` at most."""
    found: list[Pixels] = []
    for index, pixels in enumerate(clip.frames()):
        while len(found) < count and int(len(found) / fps * clip.fps + 1e-6) == index:  # a slower clip shows one twice
            found.append(pixels)
        if len(found) == count:
            break
    return found


def start_from(job: ClipJob, frames: Sequence[Pixels]) -> ClipJob:
    """``job`` drawn over ``frames``, of which there is one at least, as long as they are.

    The sides keep the ratio of the frames: the shorter one is that of ``job``, in multiples of 8.
    """
    height, width = frames[0].shape[:2]
    scale = min(min(job.width, job.height) / min(height, width), MAX_SIDE / max(height, width))
    size = max(round(width * scale / _STEP), 1) * _STEP, max(round(height * scale / _STEP), 1) * _STEP
    sized = tuple(np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)) for frame in frames)
    return replace(job, frames=len(sized), width=size[0], height=size[1], start=sized)
