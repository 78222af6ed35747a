"""Noise levels against the formulas of k-diffusion and of the webui's own samplers, written anew in plain Python."""

from __future__ import annotations

import math

import pytest
import torch

from facechain_ext.hosts.diffusers.sampling.samplers import SAMPLERS, find_sampler
from facechain_ext.hosts.diffusers.sampling.schedules import set_timesteps

BETAS = [(0.00085**0.5 + (0.012**0.5 - 0.00085**0.5) * t / 999) ** 2 for t in range(1000)]
ALPHAS = [math.prod(1 - beta for beta in BETAS[: t + 1]) for t in range(1000)]
LEVELS = [math.sqrt((1 - kept) / kept) for kept in ALPHAS]
LOW, HIGH = LEVELS[0], LEVELS[-1]
DISCARDING = {"DPM2", "DPM2 a", "DPM++ 3M SDE"}


def expected(schedule: str, count: int) -> list[float]:
    shares = [i / (count - 1) if count > 1 else 0.0 for i in range(count)]
    if schedule == "Karras":
        return [(HIGH ** (1 / 7) + share * (LOW ** (1 / 7) - HIGH ** (1 / 7))) ** 7 for share in shares]
    if schedule == "Exponential":
        return [math.exp(math.log(HIGH) + share * (math.log(LOW) - math.log(HIGH))) for share in shares]
    levels = []
    for share in shares:
        at = 999 * (1 - share)
        low = min(int(at), 998)
        levels.append(math.exp(math.log(LEVELS[low]) * (low + 1 - at) + math.log(LEVELS[low + 1]) * (at - low)))
    return levels


K_DIFFUSION = [name for name in SAMPLERS if not name.startswith(("UniPC", "DDIM", "PLMS", "LCM"))]


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
@pytest.mark.parametrize("name", K_DIFFUSION)
def test_the_noise_levels_are_the_webuis(name, steps):
    sampler = find_sampler(name)
    scheduler = sampler.build()
    set_timesteps(scheduler, steps, torch.device("cpu"), all_steps=True)
    discarding = name.removesuffix(" Karras").removesuffix(" Exponential") in DISCARDING
    wanted = expected(sampler.schedule, steps + 1)[:-1] if discarding else expected(sampler.schedule, steps)
    ours = sorted(set(scheduler.sigmas.tolist()), reverse=True)  # some name each level twice, for their second half
    assert ours == pytest.approx([*wanted, 0.0], rel=1e-4)
    if float(scheduler.init_noise_sigma) != 1.0:  # 1 where pictures are scaled to keep their variance
        assert float(scheduler.init_noise_sigma) == pytest.approx(HIGH, rel=1e-4)
    assert float(scheduler.timesteps[0]) == pytest.approx(999, abs=0.01)


@pytest.mark.parametrize(
    ("steps", "times"), [(1, [1]), (2, [501, 1]), (3, [999, 667, 334, 1]), (4, [751, 501, 251, 1])]
)
def test_the_time_steps_of_ddim_and_plms_are_the_webuis(steps, times):
    for name in ("DDIM", "PLMS"):
        scheduler = find_sampler(name).build()
        set_timesteps(scheduler, steps, torch.device("cpu"), all_steps=True)
        found = scheduler.timesteps.tolist()
        if name == "PLMS" and steps > 1:  # its first step is evaluated twice
            assert found.pop(2) == times[1]
        assert found == times


class Known:
    """The noise in a picture that is known: whoever follows it arrives at that picture."""

    def __init__(self, picture):
        self.picture = picture

    def noise(self, sample, timestep):
        low = min(int(timestep), 998)
        share = float(timestep) - low
        level = math.exp(math.log(LEVELS[low]) * (1 - share) + math.log(LEVELS[low + 1]) * share)
        kept = 1 / (1 + level**2)
        return (sample - kept**0.5 * self.picture) / (1 - kept) ** 0.5


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("name", list(SAMPLERS))
def test_the_fewest_steps_end_at_finite_pictures(name, steps):
    scheduler = find_sampler(name).build()
    set_timesteps(scheduler, steps, torch.device("cpu"), all_steps=True)
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(1, 4, 8, 8, generator=generator)
    model = Known(picture)
    sample = torch.randn(1, 4, 8, 8, generator=generator) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        given = scheduler.scale_model_input(sample, timestep)
        sample = scheduler.step(model.noise(given, timestep), timestep, sample).prev_sample
    assert sample.isfinite().all()
    if name.startswith(("Euler", "DPM++ 2M", "Heun")):
        assert (sample - picture).abs().max() < 0.3
