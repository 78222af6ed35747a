"""The webui's samplers, with schedules of their own or under one name with a schedule, as it keeps them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.host_facts import is_there

if TYPE_CHECKING:
    from facechain_ext.recipes.job import Job

_UNIPC, _LARGEST_DENOISE = "UniPC", 0.999
"""The sampler whose order must not be above the steps, and the most of them that img2img of the webui samples."""
_SCHEDULE = "Karras"
"""The schedule that k-diffusion's samplers are listed with, beside their own."""
_SCHEDULES = "modules.sd_schedulers"
"""The module of a webui that lets the user choose a schedule for a sampler; Forge Classic has none: its samplers' names
("DPM++ 2M Karras") say the schedule, and its generations take none."""


def sampler_names() -> tuple[str, ...]:
    """Names for ``Job.sampler``: those that the webui shows; with schedules apart, k-diffusion's with Karras too."""
    from modules import sd_samplers, sd_samplers_kdiffusion

    visible = tuple(sd_samplers.visible_sampler_names())
    if not is_there(_SCHEDULES):
        return visible
    scheduled = {sampler.name for sampler in sd_samplers_kdiffusion.samplers_data_k_diffusion}
    names: list[str] = []
    for name in visible:
        names += [name, f"{name} {_SCHEDULE}"] if name in scheduled else [name]
    return tuple(names)


def sampler_arguments(job: Job) -> dict[str, object]:
    """The arguments of a generation that choose the job's sampler, and its schedule where the webui has them apart.

    Raises HostError for a sampler that this webui has not, and for fewer steps than it needs.
    """
    if is_there(_SCHEDULES):
        sampler, schedule = _sampler_and_schedule(job.sampler)
        chosen: dict[str, object] = {"sampler_name": sampler, "scheduler": schedule}
    else:
        sampler = _named(job.sampler)
        chosen = {"sampler_name": sampler}
    _check_order(sampler, job)
    return chosen


def _sampler_and_schedule(name: str) -> tuple[str, str]:
    """The webui's sampler and schedule for a name such as "DPM++ 2M Karras"."""
    from modules import sd_samplers, sd_schedulers

    sampler, schedule = sd_samplers.get_sampler_and_scheduler(name, None)
    suffix = name.removeprefix(sampler).strip()
    schedules = {
        alias for listed in sd_schedulers.schedulers for alias in (listed.label, listed.name, *(listed.aliases or ()))
    }
    if not name.startswith(sampler) or (suffix and suffix not in schedules):
        raise _unknown(name)
    return sampler, schedule


def _named(name: str) -> str:
    """The webui's sampler of this name or alias, whose schedule is part of it."""
    from modules import sd_samplers

    found: str | None = sd_samplers.samplers_map.get(name.lower())
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> HostError:
    from modules import sd_samplers

    return HostError(f"This webui has no sampler {name!r}; it has {', '.join(sd_samplers.visible_sampler_names())}.")


def _check_order(sampler: str, job: Job) -> None:
    """Raise HostError that names the setting where UniPC gets fewer steps than its order, which the webui asserts."""
    from modules import shared

    order = int(getattr(shared.opts, "uni_pc_order", 0))
    denoise = min(1.0 if job.inpaint is None else job.inpaint.denoise, _LARGEST_DENOISE)
    sampled, enough = job.steps, order
    if job.inpaint is not None and getattr(shared.opts, "img2img_fix_steps", False):  # "exactly the steps" of Settings
        sampled, enough = job.steps - 1, order + 1
    elif job.inpaint is not None:
        sampled, enough = int(denoise * job.steps), math.ceil(order / denoise)
    if sampler == _UNIPC and sampled < order:
        raise HostError(
            f"The sampler {_UNIPC} takes {order} steps here, and {job.steps} steps at the denoising strength "
            f"{denoise:g} are {sampled}. Set the steps to {enough} or more."
        )
