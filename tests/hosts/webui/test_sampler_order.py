"""UniPC with fewer steps than its order, which the webui asserts: refused before, with the steps that are enough."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio")

from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.recipes.job import Inpaint, Job


@pytest.fixture
def models(tmp_path):
    return tmp_path


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
def test_the_steps_that_are_sampled_reach_the_order(host, steps, denoise, exact, enough):
    from facechain_ext.hosts.webui.generation import _check_order

    host.shared.opts.uni_pc_order = 3
    host.shared.opts.img2img_fix_steps = exact
    if enough is None:
        _check_order("UniPC", job(steps, denoise))
        return
    with pytest.raises(HostError, match=f"Set the steps to {enough} or more"):
        _check_order("UniPC", job(steps, denoise))


def test_other_samplers_are_not_asked(host):
    from facechain_ext.hosts.webui.generation import _check_order

    host.shared.opts.uni_pc_order = 3
    _check_order("Euler a", job(1, None))
