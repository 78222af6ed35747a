"""The webui's names of samplers, and the schedulers of diffusers that compute the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers.checkpoint.noise import SD15_NOISE, NoiseModel, zero_terminal_betas
from facechain_ext.hosts.diffusers.checkpoint.sizes import scheduler_config
from facechain_ext.hosts.diffusers.sampling.schedules import use_webui_sigmas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffusers import SchedulerMixin

SchedulerOption = bool | int | float | str
"""A value of a keyword of diffusers' schedulers."""


@dataclass(frozen=True)
class Sampler:
    """A sampler: its name in the webui, its schedule type there, and a scheduler class of diffusers with options."""

    name: str
    schedule: str
    scheduler: str
    options: Mapping[str, SchedulerOption] = field(default_factory=dict)
    discard_last: bool = False
    """Whether the webui leaves out the last noise level above 0."""

    def build(self, noise: NoiseModel = SD15_NOISE) -> SchedulerMixin:
        """A new scheduler with the noise schedule of SD1.5, for what a checkpoint's U-Net predicts."""
        import diffusers

        config = scheduler_config() | dict(self.options) | {"prediction_type": noise.prediction}
        if noise.zero_terminal:
            start, end, steps = (config[key] for key in ("beta_start", "beta_end", "num_train_timesteps"))
            betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2
            config["trained_betas"] = zero_terminal_betas(betas).tolist()
        scheduler = getattr(diffusers, self.scheduler).from_config(config)
        if self.scheduler in _SIGMA_SCHEDULERS:
            use_webui_sigmas(scheduler, self.schedule, discard_last=self.discard_last)
        return scheduler


# diffusers' "linspace" is what k-diffusion does: time steps from 999 to 0, both ends included.
_LINSPACE: dict[str, SchedulerOption] = {"timestep_spacing": "linspace"}
# What the webui's own timestep samplers do: every 1000/steps-th step, beginning with 1.
_LEADING: dict[str, SchedulerOption] = {"timestep_spacing": "leading", "steps_offset": 1}
_SDE: dict[str, SchedulerOption] = {"algorithm_type": "sde-dpmsolver++"}

_SCHEDULES = (("", "Uniform"), (" Karras", "Karras"), (" Exponential", "Exponential"))
_SIGMA_SCHEDULERS = (
    "EulerDiscreteScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler", "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler",
)  # fmt: skip
_DISCARDING = ("DPM2", "DPM2 a", "DPM++ 3M SDE")
_SIGMA_SAMPLERS: tuple[tuple[str, str, Mapping[str, SchedulerOption]], ...] = (
    ("Euler", "EulerDiscreteScheduler", {}),
    ("Heun", "HeunDiscreteScheduler", {}),
    ("LMS", "LMSDiscreteScheduler", {}),
    ("DPM2", "KDPM2DiscreteScheduler", {}),
    ("DPM2 a", "KDPM2AncestralDiscreteScheduler", {}),
    ("DPM++ 2M", "DPMSolverMultistepScheduler", {}),
    ("DPM++ 2M SDE", "DPMSolverMultistepScheduler", _SDE),
    ("DPM++ 2M SDE Heun", "DPMSolverMultistepScheduler", _SDE | {"solver_type": "heun"}),
    ("DPM++ 3M SDE", "DPMSolverMultistepScheduler", _SDE | {"solver_order": 3}),
    ("DPM++ SDE", "DPMSolverSinglestepScheduler", _SDE | {"lower_order_final": True}),
)
_UNIPC: tuple[Mapping[str, SchedulerOption], ...] = ({}, {"use_karras_sigmas": True}, {"use_exponential_sigmas": True})

_TABLE = (
    *(
        Sampler(name + ending, schedule, scheduler, _LINSPACE | dict(options), name in _DISCARDING)
        for name, scheduler, options in _SIGMA_SAMPLERS
        for ending, schedule in _SCHEDULES
    ),
    *(
        Sampler(f"UniPC{ending}", schedule, "UniPCMultistepScheduler", _LINSPACE | dict(options))
        for (ending, schedule), options in zip(_SCHEDULES, _UNIPC, strict=True)
    ),
    Sampler("Euler a", "Uniform", "EulerAncestralDiscreteScheduler", _LINSPACE),
    Sampler("DDIM", "Uniform", "DDIMScheduler", _LEADING | {"clip_sample": False, "set_alpha_to_one": False}),
    Sampler("PLMS", "Uniform", "PNDMScheduler", _LEADING | {"skip_prk_steps": True, "set_alpha_to_one": False}),
    Sampler("LCM", "Uniform", "LCMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
)
_ALIASES = {"pndm": "plms", "euler ancestral": "euler a", "dpm++ 2m sde karras": "dpm++ 2m sde karras"}

SAMPLERS: Mapping[str, Sampler] = {sampler.name: sampler for sampler in _TABLE}
"""Every sampler by the webui's name."""


def find_sampler(name: str) -> Sampler:
    """The sampler of that name, in any case; "PNDM" is the webui's "PLMS". Raises InputError for an unknown one."""
    wanted = " ".join(name.lower().split())
    wanted = _ALIASES.get(wanted, wanted)
    for sampler in _TABLE:
        if sampler.name.lower() == wanted:
            return sampler
    raise InputError(f'There is no sampler "{name}". Choose one of: {", ".join(SAMPLERS)}.')
