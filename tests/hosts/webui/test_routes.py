"""The API routes, and the refusal of strict requests."""

from __future__ import annotations

import base64
import io
import types

import numpy as np
import pytest
from PIL import Image

from tests.detectors import need_detector

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()

from tests.hosts.webui import fake_host
from tests.hosts.webui.fake_host import generation
from tests.hosts.webui.photo import BASE64, PHOTO, base64_of
from tests.recipes.template.painters import Painter


@pytest.fixture(scope="module")
def models(encoder_models):
    return encoder_models


def test_a_strict_request_makes_no_picture_and_is_refused(host, unet, monkeypatch):
    fastapi = pytest.importorskip("fastapi")
    import json

    from fastapi import Body
    from fastapi.testclient import TestClient

    from facechain_ext.hosts.webui import strict_answers

    state = types.SimpleNamespace(interrupted=False, stopping_generation=False)
    state.interrupt = lambda: setattr(state, "interrupted", True)
    monkeypatch.setattr(host.shared, "state", state)
    app = fastapi.FastAPI()

    @app.post("/sdapi/v1/txt2img")
    def txt2img(face: dict = Body()):
        run = generation(host, unet, face)
        run.run()
        return {"images": ["x"], "info": json.dumps({"extra_generation_params": run.extra_generation_params})}

    strict_answers.add_middleware(app)
    client = TestClient(app)
    good = {"photos": [BASE64], "strict": True}
    for face, message in [
        (good, None),
        ({**good, "strict": False, "face": 9}, None),
        ({**good, "face": 9}, "no face number 9"),
        ({**good, "face": 10**30}, "face is a number"),
        ({**good, "card": "Nobody"}, "no card called Nobody"),
        ({**good, "photos": [BASE64, "aGVsbG8="]}, "Photo 2"),
        ({**good, "colour": 1}, "no setting 'colour'"),
    ]:
        state.interrupted = False
        answer = client.post("/sdapi/v1/txt2img", json=face)
        assert answer.status_code == (200 if message is None else 422), face
        assert state.interrupted is (message is not None)
        if message is not None:
            assert message in answer.json()["detail"]


def test_a_template_portrait_over_the_api(monkeypatch, models):
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    fake_host.install(monkeypatch, models)
    from facechain_ext.hosts.webui import picture_route, routes

    monkeypatch.setattr(picture_route, "webui_host", lambda: None)  # the instant quality asks nothing of the webui
    app = fastapi.FastAPI()
    routes.add_routes(None, app)
    client = TestClient(app)
    pixels = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))
    mirrored = base64_of(pixels[:, ::-1])

    def post(**body):
        return client.post("/facechain/v1/template", json={"template": base64_of(pixels), **body})

    answer = post(faces={"1": {"photo": mirrored}}).json()
    made = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["picture"]))))
    assert made.shape == pixels.shape
    assert 0 < (made != pixels).any(-1).mean() < 0.3
    assert (answer["faces"], answer["notes"], answer["info"]["left_out"]) == (1, [], [])
    embedded = Image.open(io.BytesIO(base64.b64decode(answer["picture"]))).text["parameters"]
    assert embedded == answer["info"]["infotext"]
    assert "FaceChain recipe: template" in embedded
    for body, message in [
        ({}, "faces says who goes where"),
        ({"faces": {"2": "keep"}}, "no face number 2"),
        ({"faces": {"one": "keep"}}, "is no number"),
        ({"faces": {"1": "keep", " 1": "pixelate"}}, "named twice"),
        ({"faces": {"1": "/etc/passwd"}}, "a face becomes"),
        ({"faces": {"1": {"photo": "/etc/passwd"}}}, "picture"),
        ({"faces": {"1": {"photo": base64_of(pixels)}}}, "own photo"),
        ({"faces": {"1": "pixelate"}, "settings": {"quality": "best"}}, "quality is 'best'"),
        ({"faces": {"1": "pixelate"}, "settings": {"steps": 0}}, "steps is a number from 1 to 150, not 0"),
        ({"faces": {"1": "pixelate"}, "settings": {"controls": []}}, "knows no setting 'controls'"),
        ({"faces": {"1": "pixelate"}, "file": "x"}, "a template has no 'file'"),
        ({"faces": {str(10**30): "keep"}}, "is no number"),
        ({"faces": {"²": "keep"}}, "is no number"),
        ({"faces": {"1": "pixelate"}, "settings": {"denoise": 10**400}}, "a number from 0.05 to 1, not 1000"),
        ({"faces": {"1": "pixelate"}, "settings": {"seed": 10**30}}, "seed is a number from 0 to 4294967295, not 1000"),
        ({"faces": {"1": "pixelate"}, "strict": 1}, "strict is true or false"),
    ]:
        refused = post(**body)
        assert refused.status_code == 422, body
        assert message in refused.json()["detail"]


def test_what_a_template_request_leaves_out_is_in_its_info_and_refused_when_strict(monkeypatch, models):
    fake_host.install(monkeypatch, models)
    from facechain_ext.errors import InputError
    from facechain_ext.hosts.webui.picture_route import create_picture

    pixels = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))
    pair = np.concatenate([pixels, pixels[:, ::-1]], 1)
    faces = {"1": {"card": "Nobody"}, "2": "pixelate"}
    answer = create_picture("template", {"template": base64_of(pair), "faces": faces})
    (sentence,) = answer["info"]["left_out"]
    assert sentence.startswith("Face 1 is left as it is: There is no card called Nobody")
    assert answer["notes"] == [sentence]
    with pytest.raises(InputError, match="Face 1 is left as it is: There is no card called Nobody"):
        create_picture("template", {"template": base64_of(pair), "faces": faces, "strict": True})
    nobody = {"1": {"photo": base64_of(np.full((200, 200, 3), 90, np.uint8))}, "2": "pixelate"}
    assert "Face 1" in create_picture("template", {"template": base64_of(pair), "faces": nobody})["info"]["left_out"][0]
    with pytest.raises(InputError, match="Face 1 is left as it is"):
        create_picture("template", {"template": base64_of(pair), "faces": nobody, "strict": True})


class RepairHost(Painter):
    """The webui as the route of repairs uses it."""

    def capabilities(self):
        from facechain_ext.recipes.readiness import SMALL

        return types.SimpleNamespace(needed=(), ready_controls=frozenset(), defaults=SMALL)

    def encoder(self):
        from facechain_ext.hosts.webui import models

        return models.encoder()

    def likeness_scorer(self, judge=""):
        return None

    def queued(self, work):
        return work


@pytest.mark.usefixtures("host")
def test_a_repair_over_the_api_paints_the_matched_faces_and_refuses_bad_requests(monkeypatch):
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from facechain_ext.hosts.webui import picture_route, routes

    painter = RepairHost()
    monkeypatch.setattr(picture_route, "webui_host", lambda: painter)
    app = fastapi.FastAPI()
    routes.add_routes(None, app)
    client = TestClient(app)
    pixels = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))
    mirrored = pixels[:, ::-1]
    pair = np.concatenate([pixels, mirrored], 1)
    light = base64_of(np.clip(pixels * 0.9, 0, 255).astype(np.uint8))
    right = {"photos": [light], "box": [0.5, 0, 1, 1], "strength": 0.8}

    def post(**body):
        return client.post("/facechain/v1/detail", json={"picture": base64_of(pair), **body})

    answer = post(people=[right, {"card": "Nobody"}], settings={"match": False}).json()
    made = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["picture"]))))
    assert np.array_equal(made[:, : pixels.shape[1]], pair[:, : pixels.shape[1]])
    assert not np.array_equal(made, pair)
    (job,) = painter.jobs
    assert (job.people[0].strength, job.inpaint.denoise, job.steps) == (0.8, 0.4, 20)
    assert answer["notes"][0].startswith("Person 2 is left out: There is no card called Nobody")
    assert answer["info"]["left_out"] == answer["notes"][:1]
    assert "in whose box it lies" in answer["notes"][1]
    assert "FaceChain template faces" in answer["info"]["infotext"]
    for body, message in [
        ({}, "people says whose faces"),
        ({"people": []}, "people says whose faces"),
        ({"people": [right], "file": "x"}, "a detail has no 'file'"),
        ({"people": [right], "settings": {"quality": "instant"}}, "has the quality standard"),
        ({"people": [right], "settings": {"denoise": 7}}, "denoise is a number from 0.05 to 1, not 7"),
        ({"people": [right, {"card": "Nobody"}], "strict": True}, "no card called Nobody"),
        ({"people": [{"card": "Nobody"}]}, "no card called Nobody"),
        ({"people": [{"card": "../../etc/passwd"}]}, "Choose another name"),
        ({"people": [{"photos": ["/etc/passwd"]}]}, "picture"),
        ({"people": [right], "picture": base64_of(np.full((200, 200, 3), 90, np.uint8))}, "there is nothing to repair"),
    ]:
        refused = client.post("/facechain/v1/detail", json={"picture": base64_of(pair), **body})
        assert refused.status_code == 422, body
        assert message in refused.json()["detail"]
    assert len(painter.jobs) == 1, "what is refused is not painted first"


@pytest.mark.parametrize("auth", [None, "anna:secret,ben:word"])
def test_routes_require_the_hosts_password(monkeypatch, models, auth):
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    fake_host.install(monkeypatch, models, api_auth=auth)
    from facechain_ext.hosts.webui import routes

    app = fastapi.FastAPI()

    @app.exception_handler(fastapi.HTTPException)
    async def as_the_webui_does(_request, error):
        return fastapi.responses.JSONResponse(status_code=error.status_code, content={"detail": error.detail})

    routes.add_routes(None, app)
    client = TestClient(app)
    right = ("ben", "word") if auth else None
    assert client.get("/facechain/v1/version", auth=right).json()["version"]
    (face,) = client.post("/facechain/v1/detect", json={"photo": BASE64}, auth=right).json()
    assert face["number"] == 1
    assert client.post("/facechain/v1/detect", json={"photo": "/etc/passwd"}, auth=right).status_code == 422
    if auth:
        for path in ("version", "schema", "adapters", "cards"):
            refused = client.get(f"/facechain/v1/{path}")
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Basic")
            assert client.get(f"/facechain/v1/{path}", auth=("ben", "secret")).status_code == 401
