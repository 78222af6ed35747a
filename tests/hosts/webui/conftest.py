"""A fake webui with models folders, and a real one with a browser for the tests that need it."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tests import chromium, unets
from tests.hosts.webui import fake_host
from tests.hosts.webui.browser import Tab
from tests.hosts.webui.hosts import start
from tests.processes import end


@pytest.fixture
def in_own_loop():
    """Runs a coroutine in a thread: asyncio.run would leave this one without a loop, which gradio 4's queue needs."""

    def run(coroutine):
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, coroutine).result()

    return run


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    if os.environ.get("WEBUI_URL"):
        yield os.environ["WEBUI_URL"]
        return
    log = tmp_path_factory.mktemp("webui") / "log.txt"
    process, running = start(Path(os.environ["WEBUI_DIR"]), log, page=True)
    yield running.url
    end(process)


@pytest.fixture(scope="module")
def running():
    with chromium.running() as one:
        yield one


@pytest.fixture(scope="module")
def tab(running, url):
    one = Tab(running, url)
    one.open()
    return one


@pytest.fixture(scope="module")
def unet():
    return unets.ldm_unet()


@pytest.fixture(scope="module")
def encoder_models(tmp_path_factory, unet):
    """A host's models folder with a small random face encoder and adapter."""
    from dataclasses import replace

    from safetensors.torch import save_file

    from facechain_ext.identity import TransFace
    from tests.identity.conftest import SMALL
    from tests.methods.fact import conftest as fact

    folder = tmp_path_factory.mktemp("models")
    ours = folder / "FaceChain"
    ours.mkdir()
    torch.manual_seed(0)
    save_file(TransFace(SMALL).state_dict(), ours / "transface.safetensors")
    projector = fact.PROJECTOR
    fact.PROJECTOR = replace(projector, face_width=SMALL.width)
    try:
        _, _, path = fact.make(folder, unet)
    finally:
        fact.PROJECTOR = projector
    path.rename(ours / "adapter-majic.safetensors")
    return folder


@pytest.fixture(scope="module")
def card_models(tmp_path_factory, unet):
    """A host's models folder with a small random adapter and three cards; no face detector is needed."""
    from dataclasses import replace

    import numpy as np

    from facechain_ext.identity import Identity, PhotoFact
    from facechain_ext.identity.library import CardLibrary
    from facechain_ext.identity.projector import ProjectorSizes
    from facechain_ext.methods.fact import new_adapter, save_adapter

    ours = tmp_path_factory.mktemp("models") / "FaceChain"
    (ours / "adapters").mkdir(parents=True)
    torch.manual_seed(0)
    sizes = ProjectorSizes(32, width=32, inner=128, depth=1, hidden=32, token_width=unets.CONTEXT)
    save_adapter(new_adapter(unet, projector=sizes, gate=0.5), ours / "adapters" / "own.safetensors", {})
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    person = Identity(torch.randn(1, 144, 32), torch.randn(1, 512), grey, grey[0], (fact,), (1.0,), "encoder", "Anna")
    CardLibrary(ours / "cards").save(person, "Anna")
    for name in ("Ben", "Cleo"):
        other = replace(person, face_tokens=torch.randn(1, 144, 32), embeddings=torch.randn(1, 512), name=name)
        CardLibrary(ours / "cards").save(other, name)
    return ours.parent


@pytest.fixture
def host(monkeypatch, models):
    """A fake webui that has loaded this extension; ``models`` is its models folder."""
    installed = fake_host.install(monkeypatch, models)
    from facechain_ext.hosts.webui import script
    from facechain_ext.weights import set_models_folder

    script.register()
    installed.script = script.FaceChainScript()
    yield installed
    set_models_folder(None)
