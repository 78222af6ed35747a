"""Redraw and garment over the API: what they answer, and what they refuse."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.detectors import need_detector

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()

from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.readiness import USUAL
from facechain_ext.ui.host import HostCapabilities
from tests.encoders import small_encoder
from tests.hosts.webui import fake_host
from tests.hosts.webui.photo import PHOTO, base64_of

PIXELS = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))


class Webui:
    """A webui that gives back what it starts from, a little darker where it may change it."""

    name = "webui"

    def __init__(self, encoder):
        self._encoder = encoder
        self.jobs = []

    def capabilities(self):
        return HostCapabilities(defaults=USUAL, controls={"canny": ""})

    def encoder(self):
        return self._encoder

    def likeness_scorer(self, judge=""):
        return None

    def lora_folders(self):
        return ()

    def queued(self, work):
        return work

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        start = np.asarray(job.inpaint.picture)
        free = True if job.inpaint.mask is None else np.asarray(job.inpaint.mask)[..., None] >= 128
        made = np.where(free, start // 4 * 3 + 9, start).astype(np.uint8)
        return [Portrait(Image.fromarray(made), job.seed, "words\nSteps: 3, FaceChain recipe: x")]


@pytest.fixture
def client(monkeypatch, encoder_models):
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    fake_host.install(monkeypatch, encoder_models)
    from facechain_ext.hosts.webui import picture_route, routes

    webui = Webui(small_encoder(depth=2, seed=3))
    monkeypatch.setattr(picture_route, "webui_host", lambda: webui)
    app = fastapi.FastAPI()
    routes.add_routes(None, app)
    client = TestClient(app)
    client.webui = webui
    return client


def post(client, route, **body):
    return client.post(f"/facechain/v1/{route}", json=body)


def test_a_photo_is_drawn_with_its_own_person(client):
    answer = post(client, "redraw", picture=base64_of(PIXELS), settings={"look": "3D", "seed": 7, "steps": 3}).json()
    (job,) = client.webui.jobs
    assert (job.seed, job.steps, job.inpaint.denoise, len(job.people)) == (7, 3, 0.55, 1)
    made = Image.open(io.BytesIO(base64.b64decode(answer["picture"])))
    assert made.size == (job.width, job.height)
    assert answer["info"]["seed"] == 7
    assert answer["info"]["infotext"] == made.text["parameters"]


def test_a_garment_is_kept_and_what_is_left_out_is_named_or_refused(client):
    mask = np.zeros(PIXELS.shape[:2], np.uint8)
    mask[-60:] = 255
    photo = {"photos": [base64_of(PIXELS[:, ::-1])]}
    body = {"picture": base64_of(PIXELS), "mask": base64_of(mask), "people": [photo]}
    answer = post(client, "garment", **body).json()
    made = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["picture"]))).convert("RGB"))
    assert np.array_equal(made[mask > 0], PIXELS[mask > 0])
    assert [unit.kind for unit in client.webui.jobs[0].controls] == ["canny"]
    (sentence,) = answer["info"]["left_out"]
    assert sentence.startswith("Painted without ControlNet for openpose, depth")
    refused = post(client, "garment", **body, strict=True)
    assert refused.status_code == 422
    assert "Painted without ControlNet" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("recipe", "body", "message"),
    [
        ("redraw", {}, "picture is the photo"),
        ("redraw", {"picture": "/etc/passwd"}, "picture"),
        ("redraw", {"picture": base64_of(np.full((99, 99, 3), 90, np.uint8))}, "No face was found in the picture"),
        ("redraw", {"picture": base64_of(PIXELS), "people": [{"card": "Nobody"}]}, "no card called Nobody"),
        ("redraw", {"recipe": "template"}, "without its name"),
        ("redraw", {"picture": base64_of(PIXELS), "strict": 1}, "strict is true or false"),
        ("garment", {"picture": base64_of(PIXELS), "people": [{"card": "Anna"}]}, "by a mask, or by points"),
    ],
)  # fmt: skip
def test_bad_requests_are_answered_with_a_sentence(client, models_folder, recipe, body, message):
    answer = post(client, recipe, **body)
    assert answer.status_code == 422
    assert message in answer.json()["detail"]
    assert client.webui.jobs == []
