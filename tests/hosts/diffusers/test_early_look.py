"""The look at an unfinished picture: what it sees, when, and what happens to pictures that are given up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from facechain_ext.hosts.diffusers.checkpoint.noise import NoiseModel
from facechain_ext.hosts.diffusers.sampling.denoise import clean_latents
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.recipes.job import EarlyLook, Job, Person

JOB = Job("a woman in a garden", steps=5, width=64, height=64, cfg=4.0, sampler="Euler", seed=3, count=3)


@pytest.mark.parametrize("sampler", ["DDIM", "Euler", "DPM++ 2M Karras"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_clean_picture_is_what_was_noised(sampler, prediction):
    scheduler = find_sampler(sampler).build(NoiseModel(prediction))
    scheduler.set_timesteps(8)
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(1, 4, 8, 8, generator=generator) for _ in range(2))
    timestep = scheduler.timesteps[3]
    noisy = scheduler.scale_model_input(scheduler.add_noise(clean, noise, timestep[None]), timestep)
    kept = float(scheduler.alphas_cumprod[round(float(timestep))])
    velocity = kept**0.5 * noise - (1 - kept) ** 0.5 * clean
    answer = noise if prediction == "epsilon" else velocity
    error = clean_latents(scheduler, noisy, answer, timestep) - clean
    assert float(error.abs().max()) < 0.05  # samplers by sigma have timesteps between two of the schedule


def test_pictures_that_are_given_up_are_not_returned(host, person):
    seen = []

    def goes_on(picture):
        seen.append(picture)
        return len(seen) != 2

    progress = []
    job = replace(JOB, people=(Person(person),))
    looked = host.generate(
        replace(job, look=EarlyLook(goes_on, at=0.4)), progress=lambda step, _: progress.append(step) or True
    )
    assert [one.seed for one in looked] == [3, 5]
    assert len(progress) == 5 + 1 + 5  # the second ended in its second step
    assert progress[-1] == 15
    plain = host.generate(job)
    assert [one.picture.tobytes() for one in looked] == [plain[0].picture.tobytes(), plain[2].picture.tobytes()]
    assert all(picture.size == (64, 64) for picture in seen)
    assert np.asarray(seen[0]).std() > 0


def test_a_look_behind_the_last_step_is_none(host):
    assert len(host.generate(replace(JOB, look=EarlyLook(lambda _picture: False, at=1.0)))) == 3
