"""From an empty models folder to the first portrait, as a newcomer goes: what has to be clicked, and what is said."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from skimage import data

from facechain_ext.demo import random_models
from tests.ui.conftest import served
from tests.ui.driver import PATIENCE, Driver
from tests.weights.hub import Hub
from tests.weights.hub import Server as HubServer

pytestmark = pytest.mark.slow

MOST_CLICKS = 6
"""In a webui, where going to the tab is one of them."""
COUNT = """() => {
    window.clicks = 0;
    document.addEventListener("click", (event) => { window.clicks += event.isTrusted ? 1 : 0; }, true);
}"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return random_models(tmp_path_factory.mktemp("random"))


@pytest.fixture(scope="module")
def hub(models):
    from facechain_ext.weights import read_state_dict
    from facechain_ext.weights.manifest import manifest

    torch = pytest.importorskip("torch")
    files = {}
    for key, path in (("transface", models.encoder), ("adapter-majic", models.adapter)):
        stream = io.BytesIO()
        torch.save(read_state_dict(path), stream)
        files[manifest()[key].sources[0].path] = stream.getvalue()
    with HubServer(Hub(files=files)) as one:
        yield one


@pytest.fixture
def newcomer(hub, models, browser, tmp_path, can_be_opened):
    """The page of a host that has a checkpoint and nothing of ours, opened for the first time."""
    addresses = {"MODELSCOPE_ENDPOINT": hub.address, "HF_ENDPOINT": hub.address, "no_proxy": "127.0.0.1"}
    with served(tmp_path, "--checkpoint", str(models.checkpoint), **addresses) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        yield Driver.open(context, server)
        context.close()


def test_the_first_portrait_takes_six_clicks_or_fewer_and_every_step_is_said(newcomer, tmp_path):
    photo = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()).save(photo)
    newcomer.page.evaluate(COUNT)
    said = newcomer.page.inner_text("#facechain_needed")
    assert "face encoder is missing" in said
    assert "face adapter is missing" in said
    assert "2 files" in newcomer.page.inner_text("#facechain_needed_get")
    newcomer.click("generate")  # too early: everything that is missing is said at once, where one looks
    refused = newcomer.says("status", "No portrait can be made yet")
    assert "face encoder" in refused
    assert "face adapter" in refused
    assert "facechain weights" not in refused
    newcomer.click("needed_get")
    newcomer.page.wait_for_selector("#facechain_needed", state="hidden")
    newcomer.says("needed_status", "Everything is here")
    newcomer.add_photos(photo)
    newcomer.page.evaluate("() => { window.clicks += 2; }")  # the file is chosen and confirmed in the system's window
    assert "96 x 128" in newcomer.page.inner_text("#facechain_defaults")
    newcomer.click("generate")
    newcomer.page.wait_for_selector("#facechain_status .facechain-progress")
    newcomer.ended(patience=3 * PATIENCE)  # two whole pictures, of twenty steps each
    newcomer.page.wait_for_function("document.querySelectorAll('#facechain_gallery img').length >= 1")
    assert newcomer.page.evaluate("window.clicks") + 1 <= MOST_CLICKS
    settings = newcomer.text("infotext")
    assert "Size: 96x128" in settings
    assert "Steps: 20" in settings
