"""In a U-Net that torch.compile has changed the face acts as in a plain one, whenever and however often it comes."""

from __future__ import annotations

import copy

import pytest
import torch

from facechain_ext.methods.fact import attach
from facechain_ext.methods.fact.compiled_hooks import is_compiled
from tests import unets
from tests.methods.fact.conftest import make
from tests.methods.fact.test_attach import worst


@pytest.fixture(scope="module")
def unet():
    return unets.diffusers_unet()


@pytest.fixture(scope="module")
def small(unet, tmp_path_factory):
    return make(tmp_path_factory.mktemp("adapter"), unet)


def compiled(unet, way):
    """A copy of the U-Net, compiled; the code of its parts is run as torch runs it, which is what takes no compiler."""
    own = copy.deepcopy(unet)
    if way == "wrapped":
        return torch.compile(own, backend="eager")
    own.compile(backend="eager")
    return own


@pytest.mark.slow
@pytest.mark.parametrize("way", ["wrapped", "in place"])
def test_the_face_acts_while_attached_and_not_afterwards(unet, small, inputs, way):
    adapter, _, _ = small
    x, t, context, tokens = (value[:2] for value in inputs)
    torch._dynamo.reset()
    changed = compiled(unet, way)
    assert is_compiled(changed)
    assert not is_compiled(unet)

    def run():
        with torch.no_grad():
            return changed(x, t, context).sample

    bare = unets.run(unet, x, t, context)
    assert worst(run(), bare) < 1e-5
    for face in tokens:  # a second one meets the code that the first one left
        with attach(unet, adapter, face):
            expected = unets.run(unet, x, t, context)
        with attach(changed, adapter, face, window=(0.0, 0.5)) as attachment:
            attachment.set_progress(0.1)
            assert worst(expected, bare) > 1e-3
            assert worst(run(), expected) < 1e-5
            attachment.set_progress(0.7)
            assert worst(run(), bare) < 1e-5
        assert worst(run(), bare) < 1e-5
    torch._dynamo.reset()


def test_a_plain_unet_keeps_no_hook(unet, small, inputs):
    adapter, _, _ = small
    tokens = inputs[3]
    with attach(unet, adapter, tokens[0]):
        pass
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in unet.modules())
