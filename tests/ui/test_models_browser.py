"""The Models page in a real browser, with a hub on loopback: choosing files, downloading, stopping, checking."""

from __future__ import annotations

import io
import re

import pytest

from tests.encoders import small_encoder
from tests.ui.conftest import served
from tests.ui.driver import Driver
from tests.weights.hub import Hub
from tests.weights.hub import Server as HubServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub():
    torch = pytest.importorskip("torch")
    stream = io.BytesIO()
    torch.save(small_encoder().state_dict(), stream)
    with HubServer(Hub(files={"ms1mv2_model_TransFace_S.pt": stream.getvalue()})) as one:
        yield one


@pytest.fixture(scope="module")
def models_server(hub, tmp_path_factory, can_be_opened):
    with served(
        tmp_path_factory.mktemp("models"),
        MODELSCOPE_ENDPOINT=hub.address,
        HF_ENDPOINT=hub.address,
        no_proxy="127.0.0.1",
    ) as one:
        yield one


@pytest.fixture
def models_page(models_server, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    driver = Driver.open(context, models_server)
    driver.open_tab("Models")
    yield driver
    context.close()


def test_a_file_that_is_chosen_is_downloaded_and_one_that_the_hub_has_not_says_why(models_page, models_server):
    models_page.choose("models_files", "TransFace-S face encoder")
    models_page.click("models_download")
    models_page.says("models_status", "TransFace-S face encoder is here")
    assert (models_server.folder / "models" / "transface.safetensors").is_file()
    models_page.choose("models_files", "SFace (OpenCV zoo)")
    models_page.click("models_download")
    words = models_page.says("models_status", "could not be downloaded")
    assert "Put face_recognition_sface_2021dec.onnx from" in words
    assert not re.search(r"No weights are called", words)
    assert models_page.page.locator(".toast-wrap .error").count() == 0
