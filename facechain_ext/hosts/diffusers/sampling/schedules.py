"""The webui's noise levels for every number of steps, put into schedulers of diffusers, which have others at few steps.

Formulas: k-diffusion's get_sigmas, get_sigmas_karras and get_sigmas_exponential as webui 1.10.1 calls them, and the
time steps of its own DDIM and PLMS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from diffusers import SchedulerMixin
    from numpy.typing import NDArray

_RHO = 7.0
"""The exponent of Karras et al. 2022."""


def webui_sigmas(schedule: str, table: NDArray[np.float64], steps: int, *, discard_last: bool) -> NDArray[np.float64]:
    """The noise level of each of ``steps`` steps, falling; the 0 that follows is not among them.

    ``schedule`` is "Uniform", "Karras" or "Exponential", ``table`` the level [time steps] of every time step, rising.
    With ``discard_last`` there is one step more, of which the last is left out, as the webui does for some samplers.
    """
    count = steps + 1 if discard_last else steps
    low, high = table[0], table[-1]
    if schedule == "Karras":
        ramp = np.linspace(0, 1, count)
        levels = (high ** (1 / _RHO) + ramp * (low ** (1 / _RHO) - high ** (1 / _RHO))) ** _RHO
    elif schedule == "Exponential":
        levels = np.exp(np.linspace(np.log(high), np.log(low), count))
    else:
        times = np.linspace(len(table) - 1, 0, count)
        levels = np.exp(np.interp(times, np.arange(len(table)), np.log(table)))
    kept: NDArray[np.float64] = levels[:steps]
    return kept


def use_webui_sigmas(scheduler: SchedulerMixin, schedule: str, *, discard_last: bool) -> None:
    """Let a scheduler of diffusers take its noise levels from ``webui_sigmas`` whenever its steps are set.

    Each of them asks one method of its own for the levels of Karras' schedule and derives the rest from the answer.
    """

    def levels(*_: object, num_inference_steps: int | None = None, **__: object) -> NDArray[np.float64]:
        steps = num_inference_steps or int(scheduler.num_inference_steps)
        return webui_sigmas(schedule, sigma_table(scheduler), steps, discard_last=discard_last)

    scheduler.register_to_config(use_karras_sigmas=True)
    scheduler._convert_to_karras = levels  # noqa: SLF001 - there is no other place where levels can be given


def sigma_table(scheduler: SchedulerMixin) -> NDArray[np.float64]:
    """The noise level of every time step of a scheduler, float64, rising."""
    kept = scheduler.alphas_cumprod.double().cpu().numpy()
    return np.asarray(((1 - kept) / kept) ** 0.5)


def set_timesteps(scheduler: SchedulerMixin, steps: int, device: torch.device, *, all_steps: bool) -> None:
    """Set a scheduler's time steps as the webui has them; ``all_steps`` tells that all of them are gone through."""
    scheduler.set_timesteps(steps, device=device)
    if all_steps and hasattr(scheduler, "set_begin_index"):  # two levels of one rounded time step would be mistaken
        scheduler.set_begin_index(0)
    kind = type(scheduler).__name__
    if kind == "EulerAncestralDiscreteScheduler" and steps == 1:  # diffusers begins at the other end
        table = sigma_table(scheduler)
        scheduler.sigmas = torch.tensor([table[-1], 0.0], dtype=scheduler.sigmas.dtype, device=scheduler.sigmas.device)
        scheduler.timesteps = torch.full_like(scheduler.timesteps, len(table) - 1)
    elif all_steps and kind in ("DDIMScheduler", "PNDMScheduler"):
        last = int(scheduler.config.num_train_timesteps) - 1
        times = [min(at + 1, last) for at in range(0, last + 1, (last + 1) // steps)]
        if kind == "PNDMScheduler":  # the second evaluation repeats the second time step
            times = [*times[:-1], *times[-2:-1], *times[-1:]]
            scheduler.plms_timesteps = np.array(times[::-1])
            kept = scheduler.alphas_cumprod
            if len(kept) == last + 1:  # it looks one step beyond the last, which the webui takes for the last
                scheduler.alphas_cumprod = torch.cat([kept, kept[-1:]])
        scheduler.timesteps = torch.tensor(times[::-1], dtype=torch.int64, device=device)
