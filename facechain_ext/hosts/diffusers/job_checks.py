"""What of a job is out of range, before anything is computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers.sampling.prompts import check_syntax, parse_weights
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler

if TYPE_CHECKING:
    from facechain_ext.recipes.job import Job

STEP = 8
"""Pixels of a latent cell; the sides of a picture are multiples of it."""
_SIDES = (64, 4096)
_SEEDS = 2**64
"""The number of seeds of a torch generator."""


def check_job(job: Job) -> None:
    """Raise InputError for a value out of range, before anything is computed."""
    find_sampler(job.sampler)
    for side, name in ((job.width, "width"), (job.height, "height")):
        if side % STEP or not _SIDES[0] <= side <= _SIDES[1]:
            raise InputError(f"The {name} is {side}; use a multiple of {STEP} from {_SIDES[0]} to {_SIDES[1]}.")
    for text, negative in ((job.prompt, False), (job.negative_prompt, True)):
        check_syntax(text, negative=negative)
        parse_weights(text)
    numbers = [job.cfg, *(person.strength for person in job.people), *(unit.weight for unit in job.controls)]
    if not all(map(math.isfinite, numbers)):
        raise InputError("CFG, strengths and weights have to be finite numbers.")
    if not 0 <= job.seed <= job.seed + job.count <= _SEEDS:
        raise InputError(f"The seeds of {job.count} pictures have to be from 0 to {_SEEDS - 1}; choose a smaller one.")
    if job.steps < 1 or job.count < 1:
        raise InputError(f"{job.steps} steps and {job.count} pictures were asked for; both are 1 at least.")
    if job.hires is not None and not (1.0 <= job.hires.scale <= 4.0 and 0.0 < job.hires.denoise <= 1.0):
        raise InputError("The hires pass needs a scale from 1 to 4 and a denoising strength above 0, up to 1.")
