"""The patch of Forge gives what the hooks give."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.methods.fact import attach, attach_by_patch, conditions_of
from facechain_ext.methods.fact.middle_patch import rows_of
from facechain_ext.methods.fact.sites import SITES, forge_name, ldm_name
from tests import unets
from tests.hosts.webui.fake_host import Patcher
from tests.methods.fact.reference import LDM
from tests.methods.fact.test_attach import worst


def test_names_of_the_sites():
    assert {site: ldm_name(site) for site in SITES} == LDM
    assert [forge_name(site) for site in SITES] == [
        ("input", 1, 0), ("input", 2, 0), ("input", 4, 0), ("input", 5, 0), ("input", 7, 0), ("input", 8, 0),
        ("middle", 0, 0), *(("output", n, 0) for n in range(3, 12)),
    ]  # fmt: skip


def test_rows_follow_the_hosts_list():
    assert rows_of(4, [1, 0]) == [False, False, True, True]
    assert rows_of(3, [0, 1, 0]) == [True, False, True]
    assert rows_of(2, [0]) == [True, True]


@pytest.fixture(scope="session")
def family():
    return "ldm"


@pytest.mark.parametrize("region", [None, "left"])
def test_equals_the_hooks(unet, small, inputs, region):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    face, null = tokens[0], tokens[1]
    mask = None
    if region:
        mask = torch.zeros(16, 16)
        mask[:, :8] = 1
    bare = unets.run(unet, x, t, context)
    with attach(unet, adapter, face, null_tokens=null, region=mask):
        expected = unets.run(unet, x, t, context)
    patcher = Patcher(unet)
    attachment = attach_by_patch(patcher, unet, adapter, conditions_of(face, null, region=mask))
    (patch,) = patcher.clone().model_options["transformer_options"]["patches"]["middle_patch"]
    modules = dict(unet.named_modules())
    for site in SITES:  # what Forge's own block does, put into ldm's
        block = modules[f"{ldm_name(site)}.transformer_blocks.0"]

        def forward(x, context=None, block=block, site=site):
            x = block.attn1(block.norm1(x)) + x
            options = {
                "block": forge_name(site)[:2],
                "block_index": 0,
                "n_heads": block.attn1.heads,
                "original_shape": [4, 4, 16, 16],
                "cond_or_uncond": [0, 1],
            }
            x = patch(x, options)
            x = block.attn2(block.norm2(x), context) + x
            return block.ff(block.norm3(x)) + x

        block.forward = forward
    try:
        assert worst(expected, unets.run(unet, x, t, context)) < 1e-5
        attachment.remove()
        assert worst(bare, unets.run(unet, x, t, context)) < 1e-6
    finally:
        for site in SITES:
            del modules[f"{ldm_name(site)}.transformer_blocks.0"].forward
