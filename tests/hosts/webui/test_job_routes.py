"""The routes of jobs: answers, limits, events, logins, and bodies as no client should send them."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.jobs.job_request import RECIPES
from tests.hosts.webui import fake_host
from tests.jobs.fakes import job_request, make, png

BASE = "/facechain/v1/jobs"


@pytest.fixture
def served(monkeypatch, tmp_path):
    """A function that gives a client of an app with our routes, and the queue behind it, as a webui starts both."""
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    def serve(*, api_auth=None, work=make, limits=None, start=True):
        installed = fake_host.install(monkeypatch, tmp_path, api_auth=api_auth)
        from facechain_ext.hosts.webui import job_queue, routes
        from facechain_ext.jobs.queue import JobQueue, QueueLimits
        from facechain_ext.jobs.records import JobFolder

        queue = JobQueue(JobFolder(tmp_path / "jobs"), work, lambda: limits or QueueLimits())
        monkeypatch.setattr(job_queue._Process, "queue", queue)
        if start:
            queue.start()
        app = fastapi.FastAPI()
        routes.add_routes(None, app)
        client = TestClient(app)
        client.opts, client.flags = installed.shared.opts, installed.shared.cmd_opts
        return client

    return serve


def ended(client, job_id, **options):
    deadline = time.monotonic() + 60
    while True:
        job = client.get(f"{BASE}/{job_id}", **options).json()
        if job["state"] in ("done", "failed", "stopped"):
            return job
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_from_an_order_to_its_picture(served):
    client = served()
    answer = client.post(BASE, json=job_request(7))
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == f"{BASE}/{job['id']}"
    done = ended(client, job["id"])
    assert (done["state"], done["step"], done["steps"], done["error"]) == ("done", 4, 4, "")
    (picture,) = done["pictures"]
    assert (picture["seed"], picture["likeness"], picture["infotext"]) == (7, 0.5, '{"seed": 7}')
    got = client.get(picture["url"])
    assert (got.content, got.headers["Content-Type"]) == (png(7), "image/png")
    assert client.get(f"{BASE}/{job['id']}/pictures/2").status_code == 404
    assert client.get(f"{BASE}/{job['id']}/preview").status_code == 204
    assert [one["id"] for one in client.get(BASE).json()["jobs"]] == [job["id"]]
    assert client.delete(f"{BASE}/{job['id']}").json()["deleted"] is True
    assert client.get(f"{BASE}/{job['id']}").status_code == 404


def test_events_tell_of_the_job_until_it_ends(served):
    client = served(start=False)
    job = client.post(BASE, json=job_request(7)).json()
    from facechain_ext.hosts.webui import job_queue

    job_queue.job_queue().start()
    with client.stream("GET", f"{BASE}/{job['id']}/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert events[-1]["state"] == "done"
    assert events[-1]["pictures"][0]["seed"] == 7


def test_the_same_key_gives_the_same_job(served):
    client = served()
    headers = {"Idempotency-Key": "k"}
    first, again = (client.post(BASE, json=job_request(1), headers=headers).json()["id"] for _ in range(2))
    assert first == again
    assert client.post(BASE, json=job_request(2), headers=headers).status_code == 409
    assert client.post(BASE, json=job_request(1), headers={"Idempotency-Key": "x" * 201}).status_code == 422


def test_a_full_queue_answers_429_with_its_length(served):
    from facechain_ext.jobs.queue import QueueLimits

    client = served(limits=QueueLimits(waiting=2), start=False)
    assert [client.post(BASE, json=job_request(seed)).status_code for seed in range(3)] == [202, 202, 429]
    answer = client.post(BASE, json=job_request(3))
    assert (answer.headers["X-Queue-Length"], int(answer.headers["Retry-After"]) >= 1) == ("2", True)
    assert "2 jobs wait" in answer.json()["detail"]


BODIES = {
    "empty": b"",
    "cut": b'{"recipe": "portrait", ',
    "no object": b"[1, 2]",
    "a word": b'"portrait"',
    "not UTF-8": b'{"prompt": "\xff"}',
    "NaN": b'{"card": "a", "prompt": "p", "settings": {"cfg": NaN}}',
    "too deep": b'{"settings":' * 50_000,
    "half a pair": b'{"card": "a", "prompt": "\\ud800"}',
    "a number of thousands of digits": b'{"face": ' + b"9" * 5000 + b"}",
    "unknown key": b'{"card": "a", "prompt": "p", "path": "/etc/passwd"}',
    "nobody": b'{"prompt": "p"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies_that_are_no_order_are_refused_with_a_sentence(served, body):
    client = served(start=False)
    answer = client.post(BASE, content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("FaceChain:")
    assert client.get(BASE).json() == {"jobs": [], "queue_length": 0}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(served):
    client = served(start=False)
    client.opts.facechain_request_mb = 1
    assert client.post(BASE, content=b" " * (1 << 20) + b"{}").status_code == 413

    def parts():
        for _ in range(40):
            yield b" " * (1 << 16)

    assert client.post(BASE, content=parts()).status_code == 413


def test_logins_see_their_own_jobs_and_the_administrator_all(served):
    client = served(api_auth="anna:1,ben:2,root:3")
    anna, ben, root = {"auth": ("anna", "1")}, {"auth": ("ben", "2")}, {"auth": ("root", "3")}
    client.flags.facechain_administrator = "root"
    job = client.post(BASE, json=job_request(7), **anna).json()
    ended(client, job["id"], **anna)
    for path in ("", "/pictures/1", "/events", "/preview"):
        assert client.get(f"{BASE}/{job['id']}{path}", **ben).status_code == 404
        assert client.get(f"{BASE}/{job['id']}{path}").status_code == 401
    assert client.delete(f"{BASE}/{job['id']}", **ben).status_code == 404
    assert client.get(BASE, **ben).json()["jobs"] == []
    assert client.get(BASE, **root).json()["jobs"][0]["id"] == job["id"]
    headers = {"Idempotency-Key": "k"}
    ids = {client.post(BASE, json=job_request(8), headers=headers, **one).json()["id"] for one in (anna, ben)}
    assert len(ids) == 2
    assert client.delete(f"{BASE}/{job['id']}", **root).json()["deleted"] is True


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fjob.json", "x" * 500, "0" * 28, "%00"])
def test_an_id_reaches_no_file(served, name):
    client = served(start=False)
    for path in ("", "/pictures/1", "/events", "/preview"):
        assert client.get(f"{BASE}/{name}{path}").status_code in (404, 405, 200) if name == ".." else 404


def test_openapi_has_the_order_with_examples(served):
    client = served(start=False)
    paths = client.get("/openapi.json").json()["paths"]
    post = paths[BASE]["post"]
    body = post["requestBody"]["content"]["application/json"]
    assert {"portrait", "template"} <= set(body["examples"])
    titles = {one["title"] for one in body["schema"]["oneOf"]}
    assert titles == {recipe.title() for recipe in RECIPES}
    assert {"202", "409", "413", "422", "429"} <= set(post["responses"])
    for example in body["examples"].values():
        assert client.post(BASE, json=example["value"]).status_code == 202


def test_a_program_that_ends_and_starts_again_keeps_its_jobs(served, tmp_path):
    client = served(start=False)
    ids = [client.post(BASE, json=job_request(seed)).json()["id"] for seed in range(3)]
    from facechain_ext.jobs.records import JobFolder

    folder = JobFolder(tmp_path / "jobs")
    folder.write(replace(folder.load()[0], state="running", starts=1))
    client = served()
    assert [ended(client, one)["pictures"][0]["seed"] for one in ids] == [0, 1, 2]


@pytest.mark.parametrize("path", ["jobs", "detect", "template", "detail", "redraw", "garment"])
@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)),
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b"\0",
        b"[" * 100_000,
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b"",
        b"{}",
    ],
)
def test_every_route_refuses_a_body_that_is_no_object_of_json(served, path, content):
    client = served(start=False)
    answer = client.post(f"/facechain/v1/{path}", content=content)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("FaceChain: ")


@pytest.mark.parametrize("path", ["jobs", "detect", "template", "detail", "redraw", "garment"])
def test_every_route_refuses_a_body_that_is_too_large(served, path):
    client = served(start=False)
    client.opts.facechain_request_mb = 1
    assert client.post(f"/facechain/v1/{path}", content=b" " * (1 << 21)).status_code == 413
