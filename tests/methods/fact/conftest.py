"""A small random adapter file and its state dict."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from facechain_ext.identity.projector import ProjectorSizes
from facechain_ext.methods.fact import load_adapter, new_adapter, save_adapter
from tests import unets

PROJECTOR = ProjectorSizes(face_width=20, width=32, inner=24, depth=2, queries=4, hidden=48, token_width=unets.CONTEXT)


def make(folder, unet):
    """Write a random adapter for ``unet`` with open gates; gives (adapter read back, its state dict, its path)."""
    torch.manual_seed(1)
    adapter = new_adapter(unet, projector=PROJECTOR, gate=0.9)
    for number, parameter in enumerate(adapter.parameters()):
        if parameter.dim() == 1:  # biases and norms start trivial; a mistake there must show
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
    path = folder / "small.safetensors"
    save_adapter(adapter, path)
    return load_adapter(path), load_file(path), path


@pytest.fixture(scope="session", params=["diffusers", "ldm"])
def family(request):
    return request.param


@pytest.fixture(scope="session")
def unet(family):
    return unets.diffusers_unet() if family == "diffusers" else unets.ldm_unet()


@pytest.fixture(scope="session")
def small(unet, tmp_path_factory):
    return make(tmp_path_factory.mktemp("adapter"), unet)


@pytest.fixture
def inputs():
    """(latents [4, 4, 16, 16], timesteps [4], context [4, 7, CONTEXT], tokens [4, 12, CONTEXT])."""
    generator = torch.Generator().manual_seed(7)
    return (
        torch.randn(4, 4, 16, 16, generator=generator),
        torch.full((4,), 500),
        torch.randn(4, 7, unets.CONTEXT, generator=generator),
        torch.randn(4, 12, unets.CONTEXT, generator=generator),
    )
