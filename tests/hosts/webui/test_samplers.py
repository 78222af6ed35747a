"""The webui's samplers by name: with schedules apart, as most webuis have them, and with the schedule in the name.

UniPC with fewer steps than its order, which the webui asserts, is refused before, with the steps that are enough.
"""

from __future__ import annotations

import types

import pytest

pytest.importorskip("gradio")

from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.recipes.job import Inpaint, Job
from tests.hosts.webui.fake_host import install_module


@pytest.fixture
def models(tmp_path):
    return tmp_path


def listed(*names):
    return [types.SimpleNamespace(name=name) for name in names]


@pytest.fixture
def schedules_apart(host):
    """As AUTOMATIC1111 has them from 1.9 on, Forge, Forge Neo and reForge."""
    visible = ["DPM++ 2M", "Euler a", "Euler", "DDIM", "UniPC"]

    def split(name, _schedule):
        for schedule in ("Karras", "karras"):
            if name.endswith(f" {schedule}"):
                return name.removesuffix(f" {schedule}"), "Karras"
        return name if name in visible else visible[0], "Automatic"

    automatic = types.SimpleNamespace(name="automatic", label="Automatic", aliases=None)
    karras = types.SimpleNamespace(name="karras", label="Karras", aliases=None)
    shown = {"visible_sampler_names": lambda: list(visible), "get_sampler_and_scheduler": split}
    install_module(host, "modules.sd_samplers", **shown)
    install_module(host, "modules.sd_samplers_kdiffusion", samplers_data_k_diffusion=listed(*visible[:3]))
    install_module(host, "modules.sd_schedulers", schedulers=[automatic, karras])


@pytest.fixture
def schedules_in_names(host):
    """As Forge Classic has them: one list, whose aliases are in lower case."""
    visible = ["DPM++ 2M Karras", "Euler a", "Euler", "DDIM", "UniPC"]
    known = {name.lower(): name for name in visible} | {"k_dpmpp_2m_ka": visible[0]}
    install_module(host, "modules.sd_samplers", visible_sampler_names=lambda: list(visible), samplers_map=known)
    install_module(host, "modules.sd_samplers_kdiffusion", samplers_data_k_diffusion=listed(*visible[:3]))


@pytest.mark.usefixtures("schedules_apart")
def test_a_sampler_and_its_schedule_are_told_apart():
    from facechain_ext.hosts.webui.samplers import sampler_arguments, sampler_names

    names = sampler_names()
    assert names[:4] == ("DPM++ 2M", "DPM++ 2M Karras", "Euler a", "Euler a Karras")
    assert "DDIM Karras" not in names
    asked = {"DPM++ 2M Karras": ("DPM++ 2M", "Karras"), "Euler": ("Euler", "Automatic")}
    for name, (sampler, schedule) in asked.items():
        expected = {"sampler_name": sampler, "scheduler": schedule}
        assert sampler_arguments(Job("a face", sampler=name)) == expected


@pytest.mark.usefixtures("schedules_in_names")
def test_a_webui_whose_samplers_names_say_the_schedule_gets_no_schedule():
    from facechain_ext.hosts.webui.samplers import sampler_arguments, sampler_names

    assert sampler_names() == ("DPM++ 2M Karras", "Euler a", "Euler", "DDIM", "UniPC")
    for name in ("DPM++ 2M Karras", "dpm++ 2m karras", "k_dpmpp_2m_ka"):
        assert sampler_arguments(Job("a face", sampler=name)) == {"sampler_name": "DPM++ 2M Karras"}


@pytest.mark.parametrize("kind", ["schedules_apart", "schedules_in_names"])
@pytest.mark.parametrize("name", ["no such", "Euler Exponential"])
def test_a_sampler_that_is_not_there_is_named_with_those_that_are(request, kind, name):
    from facechain_ext.hosts.webui.samplers import sampler_arguments

    request.getfixturevalue(kind)
    with pytest.raises(HostError, match=f"no sampler '{name}'; it has DPM"):
        sampler_arguments(Job("a face", sampler=name))


GREY = Image.new("RGB", (64, 64), "grey")


def job(steps, denoise):
    painted = None if denoise is None else Inpaint(GREY, denoise)
    return Job("a face", steps=steps, sampler="UniPC", inpaint=painted)


@pytest.mark.parametrize(
    ("steps", "denoise", "exact", "enough"),
    [
        (3, None, False, None),
        (2, None, False, 3),
        (30, 0.11, False, None),
        (20, 0.1, False, 30),
        (20, 0.1, True, None),  # the webui samples 19 of 200 steps there
        (3, 1.0, True, 4),
        (4, 1.0, True, None),
    ],
)
@pytest.mark.parametrize("kind", ["schedules_apart", "schedules_in_names"])
def test_the_steps_that_are_sampled_reach_the_order(host, request, kind, steps, denoise, exact, enough):
    from facechain_ext.hosts.webui.samplers import sampler_arguments

    request.getfixturevalue(kind)
    host.shared.opts.uni_pc_order = 3
    host.shared.opts.img2img_fix_steps = exact
    if enough is None:
        sampler_arguments(job(steps, denoise))
        return
    with pytest.raises(HostError, match=f"Set the steps to {enough} or more"):
        sampler_arguments(job(steps, denoise))


@pytest.mark.usefixtures("schedules_apart")
def test_other_samplers_are_not_asked(host):
    from facechain_ext.hosts.webui.samplers import sampler_arguments

    host.shared.opts.uni_pc_order = 3
    assert sampler_arguments(Job("a face", steps=1, sampler="Euler a"))["sampler_name"] == "Euler a"
