"""Clips by AnimateDiff of diffusers: each frame has the face block's increment, and refusals are sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from facechain_ext.errors import Cancelled, HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.clip import ClipHost, load_motion
from facechain_ext.hosts.diffusers.latents import decode, encode
from facechain_ext.methods.fact import attach, load_adapter
from facechain_ext.methods.fact.sites import find_sites
from facechain_ext.recipes.clip.animated import ClipJob
from facechain_ext.recipes.job import Person
from tests.methods.fact.reference import increment

JOB = ClipJob("a person", frames=3, steps=2, width=64, height=64, cfg=2.0)


def motion(widths, *, act=True):
    """A random motion module of AnimateDiff's layout; ``act`` gives its last layers weights, which start at zero."""
    from diffusers import MotionAdapter

    torch.manual_seed(3)
    adapter = MotionAdapter(
        block_out_channels=widths, motion_norm_num_groups=8, motion_num_attention_heads=2, motion_max_seq_length=24
    ).eval()
    for name, parameter in adapter.named_parameters():
        if "proj_out" in name:
            torch.nn.init.normal_(parameter, std=0.05 if act else 0.0)
    return adapter


@pytest.fixture(scope="module")
def checkpoint(models):
    return load_checkpoint(models.checkpoint)


@pytest.fixture(scope="module")
def adapter(models):
    return load_adapter(models.adapter)


@pytest.fixture(scope="module")
def clips(checkpoint, adapter):
    return ClipHost(checkpoint, motion(checkpoint.unet.config.block_out_channels), adapter)


def test_every_frame_changes_and_off_is_off(clips, person):
    bare, again = clips.frames(JOB, None), clips.frames(JOB, None)
    shown = []
    faced = clips.frames(JOB, Person(person, 1.5), progress=lambda step, steps: shown.append((step, steps)) or True)
    off = clips.frames(JOB, Person(person, 0.0))
    assert [frame.shape for frame in faced] == [(64, 64, 3)] * 3
    assert all(np.array_equal(a, b) for a, b in zip(bare, again, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(bare, off, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(bare, faced, strict=True))
    assert shown == [(1, 2), (2, 2)]
    after = clips.frames(JOB, None)
    assert all(np.array_equal(a, b) for a, b in zip(bare, after, strict=True))


def test_a_clip_is_drawn_over_another_as_far_as_it_is_asked(clips, person, checkpoint):
    shades = [np.full((64, 64, 3), shade, np.uint8) for shade in (40, 120, 220)]
    job, shown = replace(JOB, start=tuple(shades), steps=5), []
    little = clips.frames(replace(job, denoise=0.2), None, progress=lambda *step: shown.append(step) or True)
    assert shown == [(1, 1)]
    own = [np.asarray(decode(checkpoint.vae, encode(checkpoint.vae, Image.fromarray(one)))) for one in shades]

    def far(frames):
        return [np.abs(frame.astype(float) - one).mean() for frame, one in zip(frames, own, strict=True)]

    whole = clips.frames(replace(job, denoise=1.0), None, progress=lambda *step: shown.append(step) or True)
    assert shown[-1] == (5, 5)
    assert all(a < b for a, b in zip(far(little), far(whole), strict=True))
    faced = clips.frames(replace(job, denoise=0.6), Person(person, 1.5))
    bare = clips.frames(replace(job, denoise=0.6), None)
    assert not any(np.array_equal(a, b) for a, b in zip(bare, faced, strict=True))
    off = clips.frames(replace(job, denoise=0.6), Person(person, 0.0))
    assert all(np.array_equal(a, b) for a, b in zip(bare, off, strict=True))


def test_the_preset_fast_uses_what_earlier_steps_computed(clips, person):
    job = replace(JOB, steps=5)
    every = clips.frames(job, Person(person, 1.5))
    fast = clips.frames(job, Person(person, 1.5), settings={"preset": "Fast"})
    bare = clips.frames(job, None)
    for one, other, without in zip(every, fast, bare, strict=True):
        assert not np.array_equal(one, other)
        assert not np.array_equal(other, without)


def test_each_frames_increment_is_the_formulas(clips, adapter, models):
    """In every block each frame gets the published block's increment, with the face in conditional rows alone."""
    unet, state = clips._model.unet, load_file(models.adapter)
    torch.manual_seed(1)
    width = adapter.sizes.projector.token_width
    tokens, nothing = torch.randn(16, width), torch.randn(16, width)
    sample, text = torch.randn(2, 4, 3, 8, 8), torch.randn(2, 77, unet.config.cross_attention_dim)
    attachment = attach(unet, adapter, tokens, null_tokens=nothing, strength=1.0)
    seen = {}
    attachment.observers.append(lambda site, x, added: seen.setdefault(site, (x, added)))
    with attachment, torch.no_grad():
        unet(sample, 500, text.repeat_interleave(3, 0))  # as the pipeline does
    heads = {site.name: site.heads for site in find_sites(unet)}
    face = torch.stack([nothing] * 3 + [tokens] * 3)  # unconditional rows first, three frames each
    for site, (x, added) in seen.items():
        prefix = f"{site}.transformer_blocks.0.attn2.processor."
        torch.testing.assert_close(added, increment(x, face, state, prefix, heads[site], 1.0), atol=1e-4, rtol=1e-3)
    assert len(seen) == 16


def test_a_stop_and_what_cannot_be_done(clips, checkpoint, person, tmp_path, models):
    with pytest.raises(Cancelled):
        clips.frames(JOB, None, progress=lambda step, steps: False)
    for job, reason in (
        (ClipJob("x", frames=25), "Frames is 25"),
        (ClipJob("x", width=100), "multiples of 8"),
        (ClipJob("x", steps=0), "Steps is 0"),
        (ClipJob("x", denoise=0.0), "Denoising strength is 0"),
        (replace(JOB, start=(np.zeros((64, 64, 3), np.uint8),) * 2), "3 frames starts from as many of 64 x 64"),
        (ClipJob("x, " * 200, frames=1, steps=1, width=64, height=64), "same length"),
    ):
        with pytest.raises(InputError, match=reason):
            clips.frames(job, None)
    widths = checkpoint.unet.config.block_out_channels
    with pytest.raises(HostError, match="no face adapter is loaded"):
        ClipHost(checkpoint, motion(widths)).frames(JOB, Person(person, 1.0))
    with pytest.raises(HostError, match="motion module is for a U-Net of widths"):
        ClipHost(checkpoint, motion(tuple(2 * width for width in widths)))
    (tmp_path / "a.ckpt").write_bytes(b"x")
    for path in (tmp_path / "a.ckpt", tmp_path / "missing.safetensors", models.adapter):
        with pytest.raises(WeightsError):
            load_motion(path, torch.float32)


def test_a_motion_module_is_read_from_a_folder(tmp_path, checkpoint):
    made = motion(checkpoint.unet.config.block_out_channels)
    made.save_pretrained(tmp_path / "motion")
    read = load_motion(tmp_path / "motion", torch.float32)
    assert read.config.motion_max_seq_length == 24
    for name, value in made.state_dict().items():
        assert torch.equal(read.state_dict()[name], value)
