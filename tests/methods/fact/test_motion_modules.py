"""AnimateDiff: U-Nets with motion modules have the same sites, and rows are right in every window of frames."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from facechain_ext.methods.fact.middle_patch import rows_of
from facechain_ext.methods.fact.rows import StepRows
from facechain_ext.methods.fact.sites import detect_family, find_sites
from facechain_ext.methods.protocol import StepLayout
from tests import unets
from tests.methods.fact.test_rows import flags, text


class TemporalBlock(nn.Module):
    """A block of a motion module, with the names that a transformer block has."""

    def __init__(self, channels):
        super().__init__()
        self.attn1, self.attn2, self.norm2 = nn.Identity(), nn.Linear(channels, channels), nn.LayerNorm(channels)
        self.attn1.heads = 2
        self.attn2.to_k = nn.Linear(channels, channels)

    def forward(self, x):
        return x


def motion_module(channels):
    """``VanillaTemporalModule`` of sd-webui-animatediff by its names."""
    module, inner = nn.Sequential(), nn.Sequential()
    inner.add_module("transformer_blocks", nn.ModuleList([TemporalBlock(channels)]))
    inner.forward = lambda x, *_: x
    module.add_module("temporal_transformer", inner)
    return module


def test_sites_are_those_of_the_unet_without_them():
    """Where ``AnimateDiffMM.inject`` puts them: version 2, which has one in the middle too."""
    unet = unets.ldm_unet()
    before = find_sites(unet)
    for index in (1, 2, 4, 5, 7, 8, 10, 11):
        unet.input_blocks[index].append(motion_module(32))
    for index in range(12):
        blocks = unet.output_blocks[index]
        if index % 3 == 2 and index != 11:
            blocks.insert(-1, motion_module(32))
        else:
            blocks.append(motion_module(32))
    unet.middle_block.insert(-1, motion_module(32))
    assert find_sites(unet) == before
    assert detect_family(unet) == "SD1.5"


def windows(frames, window, overlap=4):
    """Starts of sd-webui-animatediff's windows over a clip, closed at its end."""
    return [[(start + k) % frames for k in range(window)] for start in range(0, frames, window - overlap)]


@pytest.mark.parametrize("frames", [8, 24, 40])
@pytest.mark.parametrize("travels", [False, True], ids=["one prompt", "prompt travel"])
@pytest.mark.parametrize("same", [False, True], ids=["texts differ", "texts are equal"])
def test_each_window_has_its_conditional_frames_first(frames, travels, same):
    window = min(frames, 16)
    rows, said = StepRows(pytest.fail), []
    cond, uncond = text(*[1] * frames), text(*[1 if same else 2] * frames)
    run = text(*range(50, 50 + frames)) if travels else cond
    for _step in range(2):
        rows.begin_step(StepLayout(frames, frames, cond, uncond, "pairs"))
        for frame_numbers in windows(frames, window):
            context = torch.cat([run[frame_numbers], uncond[frame_numbers]])
            assert rows(2 * window, context) == flags("c" * window + "u" * window)
    assert not said


@pytest.mark.parametrize("travels", [False, True], ids=["one prompt", "prompt travel"])
def test_windows_of_one_kind_are_told_by_their_text(travels):
    rows = StepRows(pytest.fail)
    cond, uncond = text(*[1] * 24), text(*[2] * 24)
    run = text(*range(50, 74)) if travels else cond
    rows.begin_step(StepLayout(24, 24, cond, uncond, "apart"))
    for frame_numbers in windows(24, 16):
        assert all(rows(16, run[frame_numbers]))
    for frame_numbers in windows(24, 16):
        assert not any(rows(16, uncond[frame_numbers]))


def test_what_cannot_be_told_is_said():
    said = []
    rows = StepRows(said.append)
    rows.begin_step(StepLayout(24, 24, text(*[1] * 24), text(*[1] * 24), "apart"))
    assert all(rows(16, text(*[1] * 16)))
    assert len(said) == 1
    rows.begin_step(StepLayout(24, 0, text(*[1] * 24), None, "pairs"))
    assert all(rows(16, None))
    assert len(said) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_on_the_forge_line_the_host_says_it_for_a_window_too(order):
    """``cond_or_uncond`` is passed unsliced: an entry for each half, however many frames a window has."""
    assert rows_of(32, order) == [kind == 0 for kind in order for _ in range(16)]
