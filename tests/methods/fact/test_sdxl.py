"""FACT in U-Nets of SDXL's layout: the sites are read off the model, and every block equals the published formula."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.methods.fact import attach, load_adapter, new_adapter, save_adapter
from facechain_ext.methods.fact.files import adapter_family
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.fact.model import SDXL_CHANNELS
from facechain_ext.methods.fact.prepared import PreparedFact
from facechain_ext.methods.fact.sites import block_path, detect_family, find_sites, forge_name
from facechain_ext.weights.model_type import SDXL_FACE_ADAPTER, detect_model_type
from tests import unets
from tests.hosts.webui.fake_host import Patcher
from tests.methods.fact.conftest import make
from tests.methods.fact.reference import published_in

STACKS = {  # where SDXL's stacks are in sgm, and how many blocks each has, counted by hand
    "down_blocks.1.attentions.0": ("input_blocks.4.1", 2), "down_blocks.1.attentions.1": ("input_blocks.5.1", 2),
    "down_blocks.2.attentions.0": ("input_blocks.7.1", 10), "down_blocks.2.attentions.1": ("input_blocks.8.1", 10),
    "mid_block.attentions.0": ("middle_block.1", 10),
    "up_blocks.0.attentions.0": ("output_blocks.0.1", 10), "up_blocks.0.attentions.1": ("output_blocks.1.1", 10),
    "up_blocks.0.attentions.2": ("output_blocks.2.1", 10),
    "up_blocks.1.attentions.0": ("output_blocks.3.1", 2), "up_blocks.1.attentions.1": ("output_blocks.4.1", 2),
    "up_blocks.1.attentions.2": ("output_blocks.5.1", 2),
}  # fmt: skip
BLOCKS = [(stack, number) for stack, (_, depth) in STACKS.items() for number in range(depth)]


@pytest.fixture(scope="module", params=["diffusers", "sgm"])
def unet(request):
    return unets.sdxl_diffusers_unet() if request.param == "diffusers" else unets.sdxl_sgm_unet()


@pytest.fixture(scope="module")
def small(unet, tmp_path_factory):
    return make(tmp_path_factory.mktemp("adapter"), unet)


def published(unet, state, face, strength):
    """The U-Net with the published block between self- and cross-attention of every transformer block."""
    prefixes = {}
    for stack, number in BLOCKS:
        where = stack if hasattr(unet, "down_blocks") else STACKS[stack][0]
        prefixes[f"{where}.transformer_blocks.{number}"] = f"{stack}.transformer_blocks.{number}.attn2.processor."
    return published_in(unet, prefixes, state, face, strength)


def test_the_sites_are_read_off_the_unet(unet):
    sites = find_sites(unet)
    assert [block_path(site.name) for site in sites] == BLOCKS
    assert len(sites) == len(SDXL_CHANNELS) == 70
    assert [site.name for site in sites] == list(SDXL_CHANNELS)
    assert detect_family(unet) == "SDXL"
    named = dict(unet.named_modules())
    for site in sites:
        stack, number = block_path(site.name)
        where = stack if hasattr(unet, "down_blocks") else STACKS[stack][0]
        assert site.norm2 is named[f"{where}.transformer_blocks.{number}.norm2"]


@pytest.mark.parametrize("strength", [0.5, 1.3])
def test_equals_the_published_formula(unet, small, inputs, strength):
    adapter, state, _ = small
    assert len(state) == 17 * 70 + len([key for key in state if key.startswith("local_fac_prj.")])
    x, t, context, tokens = inputs
    bare = unets.run(unet, x, t, context)
    with published(unet, state, tokens, strength):
        expected = unets.run(unet, x, t, context)
    with attach(unet, adapter, tokens, strength=strength):
        got = unets.run(unet, x, t, context)
    assert float((expected - bare).abs().max()) > 1e-3
    assert float((expected - got).abs().max()) < 1e-5
    assert torch.equal(unets.run(unet, x, t, context), bare)
    with attach(unet, adapter, tokens, strength=0.0):
        assert torch.equal(unets.run(unet, x, t, context), bare)


def test_the_patch_of_forge_tells_the_blocks_of_a_stack_apart(inputs, tmp_path):
    from facechain_ext.methods.fact.attachment import conditions_of
    from facechain_ext.methods.fact.middle_patch import attach_by_patch

    unet = unets.sdxl_sgm_unet()
    adapter, _, _ = make(tmp_path, unet)
    x, t, context, tokens = inputs
    with attach(unet, adapter, tokens[0], null_tokens=tokens[1]):
        expected = unets.run(unet, x, t, context)
    patch = attach_by_patch(Patcher(unet), unet, adapter, conditions_of(tokens[0], tokens[1]))
    modules, changed = dict(unet.named_modules()), []
    for site in find_sites(unet):
        stack, number = block_path(site.name)
        block = modules[f"{STACKS[stack][0]}.transformer_blocks.{number}"]
        place, index, block_index = forge_name(site.name)
        facts = {
            "block": (place, index), "block_index": block_index, "cond_or_uncond": [0, 1],
            "original_shape": tuple(x.shape), "n_heads": block.attn1.heads,
        }  # fmt: skip

        def forward(x, *args, block=block, facts=facts, **kwargs):
            context = kwargs.get("context", args[0] if args else None)
            x = block.attn1(block.norm1(x)) + x
            x = patch(x, facts)
            x = block.attn2(block.norm2(x), context) + x
            return block.ff(block.norm3(x)) + x

        changed.append(block)
        block.forward = forward
    try:
        got = unets.run(unet, x, t, context)
    finally:
        for block in changed:
            del block.forward
    assert float((expected - got).abs().max()) < 1e-5


def test_a_file_comes_back_and_tells_its_family(small, tmp_path):
    adapter, state, path = small
    assert adapter.family == adapter_family(path) == "SDXL"
    assert detect_model_type(load_file(path)) == SDXL_FACE_ADAPTER
    assert all(torch.equal(value, state[key]) for key, value in load_file(path).items())
    assert adapter_family(make(tmp_path, unets.ldm_unet())[2]) == "SD1.5"
    assert adapter_family(tmp_path / "missing.ckpt") == "SD1.5"


@pytest.mark.parametrize("lost", ["down_blocks.2.attentions.1.transformer_blocks.7", "up_blocks.1.attentions.2"])
def test_a_file_with_a_block_missing_is_refused_by_name(small, tmp_path, lost):
    _, state, _ = small
    save_file({key: value for key, value in state.items() if lost not in key}, tmp_path / "cut.safetensors")
    with pytest.raises(WeightsError, match=rf"cut\.safetensors.*{lost}"):
        load_adapter(tmp_path / "cut.safetensors")


class Model:
    """A host's model, as far as preparing asks for it."""

    def __init__(self, unet):
        self.unet = unet

    family = property(lambda self: detect_family(self.unet))
    dtype = torch.float32

    def cached(self, kind, key, make):
        return make()


def test_an_adapter_of_the_other_family_is_refused(small, tmp_path):
    adapter, _, _ = small
    sd15 = new_adapter(unets.ldm_unet(), projector=adapter.sizes.projector)
    for wrong, unet, sentence in (
        (adapter, unets.ldm_unet(), "is for SDXL, and the loaded checkpoint is SD1.5. Load an SDXL checkpoint"),
        (sd15, unets.sdxl_sgm_unet(), "is for SD1.5, and the loaded checkpoint is SDXL. Load an SD1.5 checkpoint"),
        (adapter, unets.sdxl_sgm_unet(depths=(1, 2, 4)), "for an SDXL of other depth"),
    ):
        with pytest.raises(HostError, match=sentence):
            attach(unet, wrong, torch.zeros(4, unets.CONTEXT))
    with pytest.raises(HostError, match=r"is for SD1\.5, and the loaded checkpoint is SDXL"):
        FactMethod().prepare([], {"adapter": sd15}, Model(unets.sdxl_sgm_unet(depths=(1, 2, 3))))


def test_files_are_chosen_by_family(small, tmp_path, monkeypatch):
    from facechain_ext.methods.fact.files import chosen_adapter, has_adapter

    monkeypatch.setattr("facechain_ext.weights.folders._override.folder", tmp_path)
    folder = tmp_path / "adapters"
    folder.mkdir()
    save_adapter(new_adapter(unets.ldm_unet(), projector=small[0].sizes.projector), folder / "a-old.safetensors")
    with pytest.raises(WeightsError, match="no face adapter for SDXL, and none has been published"):
        chosen_adapter("auto", "SDXL")
    assert not has_adapter("SDXL")
    save_adapter(small[0], folder / "b-large.safetensors")
    assert has_adapter("SDXL")
    assert chosen_adapter("auto", "SDXL") == "b-large"
    assert chosen_adapter("auto", "SD1.5") == "a-old"
    assert chosen_adapter("a-old", "SDXL") == "a-old"  # refused by prepare, which names both


@pytest.mark.parametrize(("steps", "sentence"), [(None, "untrained"), (0, "untrained"), (40, "trained for 40 steps")])
def test_what_is_known_of_its_training_is_said(small, tmp_path, steps, sentence):
    path = tmp_path / "named.safetensors"
    save_adapter(small[0], path, {} if steps is None else {"facechain.step": str(steps)})
    adapter = load_adapter(path)
    assert adapter.trained_steps == steps
    person = type("Person", (), {"window": (0.0, 1.0), "strength": 0.5, "region": None})
    person.identity = type("Someone", (), {"conditioning": lambda self, adapter: nothing(adapter)})()
    settings = {"adapter": "named", "preset": "Published", "strength_curve": ""}
    prepared = PreparedFact(adapter, [person], settings)
    (note,) = prepared.notes
    assert prepared.settings == {**settings, "method": "FACT"}  # so that the picture's settings name it
    assert sentence in note


def nothing(adapter):
    from facechain_ext.identity.identity import Conditioning

    zeros = torch.zeros(4, adapter.token_width)
    return Conditioning(zeros, zeros, None)
