"""AnimateDiff beside the accordion: what it makes is known, windows get the right rows, its files are labelled."""

from __future__ import annotations

import types

import pytest
import torch

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from PIL import Image

from facechain_ext.labels import describe, read_packet
from facechain_ext.recipes.arguments import FaceArguments
from tests.hosts.webui.fake_host import generation
from tests.methods.fact.test_motion_modules import motion_module


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


def with_animatediff(p, params, *, title="AnimateDiff"):
    """``p`` as it is when AnimateDiff's before_process has set its numbers."""
    script = types.SimpleNamespace(title=lambda: title, args_from=1, args_to=2)
    p.scripts = types.SimpleNamespace(alwayson_scripts=[script])
    p.script_args = [0, params]
    return p


def params(**values):
    return types.SimpleNamespace(**{"enable": True, "video_length": 24, "batch_size": 16, **values})


@pytest.mark.parametrize(
    ("given", "pictures", "frames"),
    [
        (params(), 0, 24),
        (params(video_length=0), 1, 16),
        (params(video_length=16), 12, 12),
        ({"enable": True, "video_length": 8}, 0, 8),
        (params(enable=False), 12, None),
        (None, 0, None),
        ({}, 0, None),
    ],
)
def test_the_clip_is_what_animatediff_was_told(host, unet, given, pictures, frames):
    from facechain_ext.hosts.webui.animatediff import clip_of

    p = generation(host, unet)
    p.init_images = [Image.new("RGB", (64, 64))] * pictures
    clip = clip_of(with_animatediff(p, given))
    assert (clip and clip.frames) == frames
    assert clip_of(with_animatediff(generation(host, unet), params(), title="ControlNet")) is None
    assert clip_of(generation(host, unet)) is None


def test_the_notes_say_what_happens(host, unet):
    from facechain_ext.hosts.webui.animatediff import AnimatedClip, notes

    p, arguments = generation(host, unet), FaceArguments(repair_faces=True)
    (missing,) = notes(p, AnimatedClip(24, 16), arguments)
    assert "no motion module is in the U-Net" in missing
    unet.input_blocks[1].append(motion_module(32))
    try:
        host.shared.opts.facechain_every_second_step = True
        found = notes(p, AnimatedClip(24, 16), arguments)
        assert found[0] == "AnimateDiff makes 24 frames in sliding windows of 16; the person is in every frame."
        assert "repair faces, every second step" in found[1]
        assert len(notes(p, AnimatedClip(16, 16), FaceArguments())) == 2  # the speedup is still on
    finally:
        unet.input_blocks[1].pop(-1)
    assert notes(p, None, arguments) == []


@pytest.mark.parametrize(("together", "order"), [(True, "pairs"), (False, "apart")])
def test_the_rows_of_a_clip_come_in_the_hosts_order(host, unet, together, order):
    from facechain_ext.hosts.webui.face_run import FaceRun

    host.shared.opts.batch_cond_uncond = together
    seen = []

    def watch(_params):
        active = FaceRun.current._active
        begin = active.begin_step
        active.begin_step = lambda layout: (seen.append(layout.windows), begin(layout))

    p = with_animatediff(generation(host, unet, {"card": "Anna"}), params())
    p.callbacks.insert(0, watch)
    p.run()
    assert set(seen) == {order}


def test_its_files_are_labelled(host, unet, tmp_path):
    from facechain_ext.hosts.webui.animatediff import AnimatedClip, label_files

    folder = tmp_path / "AnimateDiff" / "2026-11-30"
    folder.mkdir(parents=True)
    frames = [Image.new("RGB", (8, 8), shade) for shade in ("red", "blue")]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    (folder / "a.txt").write_text("words")
    p = types.SimpleNamespace(outpath_samples=str(tmp_path))
    info = "words\nSteps: 2, FaceChain identity: Anna (0123)"
    label_files(p, types.SimpleNamespace(infotexts=[info]), AnimatedClip(2, 16))
    facts = describe(read_packet((folder / "a.gif").read_bytes()))
    assert facts["source_type"] == "trainedAlgorithmicMedia"
    assert (folder / "a.txt").read_text() == "words"
    frames[0].save(folder / "b.gif")
    label_files(p, types.SimpleNamespace(infotexts=["words\nSteps: 2"]), AnimatedClip(2, 16))
    assert read_packet((folder / "b.gif").read_bytes()) == ""


def test_a_person_is_put_into_a_clip(host, unet):
    p = with_animatediff(generation(host, unet, {"card": "Anna", "strength": 1.0}, batch=4), params(video_length=4))
    bare = generation(host, unet, batch=4).run()
    assert not any(torch.equal(a, b) for a, b in zip(p.run()[0], bare[0], strict=True))
