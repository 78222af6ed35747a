"""A host that accepts the face and goes on without it is found out in the first run."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.errors import HostError
from facechain_ext.methods.fact import attachment_test
from facechain_ext.methods.fact.attachment import attach
from facechain_ext.methods.fact.attachment_test import AttachmentTest
from facechain_ext.methods.fact.options import AttachOptions
from facechain_ext.methods.fact.sites import find_sites
from tests import unets


@pytest.fixture(autouse=True)
def _untested():
    attachment_test._passed.clear()


def attached(unet, small, errors, strength=1.0, window=(0.0, 1.0)):
    adapter, _, _ = small
    tokens = torch.randn(16, unets.CONTEXT, generator=torch.Generator().manual_seed(5))
    attachment = attach(
        unet, adapter, tokens, strength=strength, window=window, options=AttachOptions(on_failure=errors.append)
    )
    return attachment, AttachmentTest(unet, attachment.injection, "Forge Neo 9.9", attachment.fail)


def run(unet, rows=2):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(rows, 4, 16, 16, generator=generator)
    context = torch.randn(rows, 7, unets.CONTEXT, generator=generator)
    return unets.run(unet, x, torch.full((rows,), 500), context)


def hooks(unet):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in unet.modules())


def test_an_increment_that_arrives_passes_once_and_leaves_no_hook(unet, small):
    errors = []
    attachment, test = attached(unet, small, errors)
    before = hooks(unet)
    plain = run(unet)
    with test:
        test.begin_step()
        assert torch.equal(run(unet), plain), "the test changes nothing"
        assert hooks(unet) == before
        test.begin_step()
    assert unet in attachment_test._passed
    assert not errors
    with AttachmentTest(unet, attachment.injection, "", attachment.fail):
        assert hooks(unet) == before, "a model that has passed is not watched again"
    attachment.remove()


def test_a_host_that_goes_on_without_the_increment_ends_the_face(unet, small):
    """The increment is taken out again behind the place where it was put in, as if the host had ignored it."""
    errors, added = [], {}
    plain = run(unet)
    attachment, test = attached(unet, small, errors)
    attachment.observers.append(lambda site, x, increment: added.update({site: increment}))
    first = find_sites(unet)[0]
    ours = [
        first.norm2.register_forward_pre_hook(lambda _module, args: (args[0] - added[first.name],)),
        first.attn2.register_forward_hook(lambda _module, _args, out: out - added[first.name]),
    ]
    with test:
        test.begin_step()
        run(unet)
        (error,) = errors
        assert isinstance(error, HostError)
        assert "Forge Neo 9.9" in str(error)
        assert "went on without" in str(error)
        assert unet not in attachment_test._passed
        for handle in ours:
            handle.remove()
        assert torch.equal(run(unet), plain), "nothing is added after the failure"
    attachment.remove()


def test_a_host_whose_blocks_never_ask_ends_the_face_before_the_second_step(unet, small):
    errors = []
    attachment, test = attached(unet, small, errors)
    with test:
        test.begin_step()
        assert not errors
        test.begin_step()  # no run of this U-Net between, as when another program runs in its place
        test.begin_step()
    (error,) = errors
    assert "none of the U-Net's blocks" in str(error)
    attachment.remove()


@pytest.mark.parametrize(("strength", "window"), [(0.0, (0.0, 1.0)), (1.0, (0.5, 1.0))])
def test_nothing_is_expected_at_strength_0_and_outside_the_window(unet, small, strength, window):
    errors = []
    attachment, test = attached(unet, small, errors, strength, window)
    attachment.set_progress(0.0)
    with test:
        test.begin_step()
        test.begin_step()
    assert not errors
    attachment.remove()


def test_without_anybody_to_tell_the_error_leaves_the_unet(unet, small):
    attachment = attach(unet, small[0], torch.randn(16, unets.CONTEXT))
    with pytest.raises(HostError, match="Classic"):
        attachment.fail(HostError("Classic"))
    attachment.remove()
