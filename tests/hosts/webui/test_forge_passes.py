"""The face in Forge acts through a clone of the host's patcher."""

from __future__ import annotations

import types

import pytest
import torch

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from tests.hosts.webui import fake_host
from tests.hosts.webui.fake_host import generation


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


@pytest.fixture(autouse=True)
def forge(host, monkeypatch):
    """The fake webui is recognised as Forge."""
    fake_host.install_marks(monkeypatch, fake_host.FORGE)


CARD = {"card": "Anna", "strength": 1.0}


class Patcher(fake_host.Patcher):
    """Forge's wrapper of a U-Net, and what is patched in at the face block's place."""

    @property
    def patch(self):
        patches = self.model_options["transformer_options"].get("patches", {}).get("middle_patch", [None])
        return patches[-1]


def test_forge_gets_a_clone_that_announces_its_memory_and_then_its_own_patcher(host, unet, models):
    bare = Patcher(unet)
    run = generation(host, unet, CARD)
    run.sd_model = types.SimpleNamespace(forge_objects=types.SimpleNamespace(unet=bare))
    objects = run.sd_model.forge_objects
    host.script.process(run, *run.args)
    host.script.process_before_every_sampling(run, *run.args)
    clone = objects.unet
    assert clone is not bare
    assert bare.patch is None
    assert clone.reserved > 10_000
    options = {"block": ("middle", 0), "n_heads": 2, "cond_or_uncond": [1, 0], "original_shape": [2, 4, 16, 16]}
    channels = unet.middle_block[1].transformer_blocks[0].norm2.normalized_shape[0]
    x = torch.randn(2, 4, channels)
    with torch.no_grad():
        on = clone.patch(x, options)
    assert not torch.equal(on, x)
    assert not torch.allclose((on - x)[0], (on - x)[1]), "conditional and unconditional rows get other tokens"
    host.script.postprocess(run, None, *run.args)
    assert objects.unet is bare
    assert torch.equal(clone.patch(x, options), x)


def forge_run(host, unet, card=CARD):
    """A generation in Forge whose pass is about to be sampled; its options, and what a block sees."""
    run = generation(host, unet, card)
    run.sd_model = types.SimpleNamespace(forge_objects=types.SimpleNamespace(unet=Patcher(unet)))
    host.script.process(run, *run.args)
    host.script.process_before_every_sampling(run, *run.args)
    options = {"block": ("middle", 0), "n_heads": 2, "cond_or_uncond": [1, 0], "original_shape": [2, 4, 16, 16]}
    channels = unet.middle_block[1].transformer_blocks[0].norm2.normalized_shape[0]
    return run, options, torch.randn(2, 4, channels)


@pytest.mark.parametrize("window", [[0.0, 0.5], [0.5, 1.0]])
@torch.no_grad()
def test_a_later_clone_follows_the_window_and_holds_no_second_adapter(host, unet, models, window):
    run, options, x = forge_run(host, unet, CARD | {"window": window})
    objects = run.sd_model.forge_objects
    ours = objects.unet
    objects.unet = objects.unet.clone()  # as another extension does after us
    assert objects.unet is not ours
    assert objects.unet.patch is ours.patch
    acts = []
    for step in range(4):
        params = types.SimpleNamespace(
            x=torch.zeros(2, 4, 16, 16), text_cond=torch.zeros(1, 7, 8), text_uncond=torch.zeros(1, 7, 8),
            sampling_step=step, total_sampling_steps=4, denoiser=None,
        )  # fmt: skip
        for callback in host.callbacks.denoiser:
            callback(params)
        acts.append(not torch.equal(objects.unet.patch(x, options), x))
    assert acts == [window[0] <= step / 4 < window[1] for step in range(4)]
    host.script.postprocess(run, None, *run.args)
    assert torch.equal(objects.unet.patch(x, options), x)


def test_a_host_that_never_calls_the_patch_has_the_face_off_with_a_sentence_that_names_it(host, unet, models):
    run = generation(host, unet, CARD | {"strength": 1.0})
    loaded = types.SimpleNamespace(diffusion_model=unet)
    run.sd_model = types.SimpleNamespace(
        forge_objects=types.SimpleNamespace(unet=Patcher(unet)), model=loaded
    )  # the steps run the U-Net without its patcher
    plain = generation(host, unet).run()
    assert torch.equal(run.run(), plain)
    assert "in Forge none of the U-Net's blocks asked" in run.extra_generation_params["FaceChain"]
    assert any("Forge" in comment for comment in run.comments)


def failing(*_args, **_kwargs):
    raise ValueError("a block that\nnobody foresaw")


def test_an_error_in_forges_patch_ends_the_face_and_not_the_picture(host, unet, monkeypatch):
    from facechain_ext.methods.fact.injection import FaceInjection

    run, options, x = forge_run(host, unet)
    monkeypatch.setattr(FaceInjection, "increment", failing)
    patch = run.sd_model.forge_objects.unet.patch
    assert torch.equal(patch(x, options), x)
    assert "off (its part of a step failed" in run.extra_generation_params["FaceChain"]
