"""A pool of webuis: a small server speaks their jobs API, and hangs, refuses, is full or goes away."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from facechain_ext.errors import HostError, InputError
from facechain_ext.jobs.items import FileSources, make_items
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.results import ResultFolder
from facechain_ext.jobs.schedule import WorkerLostError, run_items
from facechain_ext.jobs.webui_worker import WebuiWorker, connect
from tests.jobs.fakes import make, png


class Webui:
    """A server at ``url``; ``mode`` says how it behaves, ``seeds`` what it has made."""

    def __init__(self, *, mode="works", adapters=("own",), auth=""):
        self.mode, self.adapters, self.auth = mode, list(adapters), auth
        self.seeds, self.jobs, self.refused = [], {}, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, value, status=200, headers=()):
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in headers:
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if outer.auth and self.headers.get("Authorization") != outer.auth:
                    return self.answer({"detail": "no"}, 401)
                if outer.mode == "gone":
                    return self.connection.close()
                return self.answer(*outer.reply(self.command, self.path, body, self.headers))

            do_GET = do_POST = do_DELETE = handle_one  # noqa: N815 - names of http.server

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, method, path, body, headers):
        if path.endswith("/version"):
            return ({"version": "0"},)
        if path.endswith("/models"):
            return ({"checkpoint": "one", "checkpoint_hash": "", "adapters": self.adapters, "missing": ""},)
        if method == "POST":
            return self.post(body, headers)
        seed = self.jobs[path.split("/")[4]]["seed"]
        if path.endswith("/pictures/1"):
            return (png(seed),)
        elsewhere = self.mode == "leads elsewhere"
        picture = {
            "url": "/file=/etc/passwd" if elsewhere else path + "/pictures/1",
            "seed": seed,
            "likeness": 0.5,
            "infotext": "text",
        }
        done = {"state": "done", "pictures": [picture], "notes": ["a note"], "error": ""}
        states = {
            "hangs": {"state": "running"},
            "has no seed": done | {"pictures": [{**picture, "seed": None}]},
            "has no picture": done | {"pictures": ["one.png"]},
            "refuses pictures": {"state": "failed", "error": "There is no face in the photo."},
        }
        return ({"deleted": True},) if method == "DELETE" else (states.get(self.mode, done),)

    def post(self, body, headers):
        if self.mode == "full" and self.refused < 2:
            self.refused += 1
            return {"detail": "full"}, 429, (("Retry-After", "0.1"),)
        values = json.loads(body)
        assert base64.b64decode(values["photos"][0]) == png(1)
        job_request = parse_job_request(values)
        assert make(job_request).pictures
        key = headers["Idempotency-Key"]
        if key not in self.jobs:
            self.seeds.append(job_request.facts.settings.seed)
        self.jobs[key] = {"seed": job_request.facts.settings.seed}
        return ({}, 202) if self.mode == "has no id" else ({"id": key}, 202)


@pytest.fixture
def webui():
    running = []

    def start(**options):
        running.append(Webui(**options))
        return running[-1]

    yield start
    for one in running:
        one.server.shutdown()
        one.server.server_close()


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "anna.png").write_bytes(png(1))
    return FileSources(tmp_path)


def items(sources, count):
    rows = [{"photos": ["anna.png"], "prompt": "p", "settings": {"seed": seed}} for seed in range(count)]
    return make_items(rows, sources)


def test_a_picture_comes_back_with_all_that_is_known_of_it(webui, sources):
    worker = WebuiWorker(webui().url, sources)
    made = worker.make(items(sources, 4)[3])
    (picture,) = made.pictures
    assert (picture.content, picture.seed, picture.likeness, made.notes) == (png(3), 3, 0.5, ("a note",))


def test_two_webuis_share_the_items_and_one_goes_away(webui, sources, tmp_path):
    first, second = webui(), webui()
    results, all_items = ResultFolder(tmp_path / "out"), items(sources, 12)
    workers = connect([first.url, second.url], sources, timeout=30, auth="")

    def on_row(_row):
        if len(first.seeds) >= 3:
            first.mode = "gone"

    assert run_items(all_items, workers, results, on_row=on_row, pause=0.05)
    assert all(results.is_done(one.id) for one in all_items)
    for seed, one in enumerate(all_items):
        assert (tmp_path / "out" / f"{one.id}.png").read_bytes() == png(seed)
    assert second.seeds


def test_a_webui_that_hangs_loses_its_item_to_another(webui, sources, tmp_path):
    hangs, works = webui(mode="hangs"), webui()
    results, all_items = ResultFolder(tmp_path / "out"), items(sources, 3)
    workers = [WebuiWorker(one.url, sources, timeout=0.4) for one in (hangs, works)]
    assert run_items(all_items, workers, results, pause=0.05)
    assert sorted(works.seeds) == [0, 1, 2]


def test_a_full_queue_is_asked_again(webui, sources):
    full = webui(mode="full")
    assert WebuiWorker(full.url, sources).make(items(sources, 1)[0]).pictures
    assert full.refused == 2


@pytest.mark.parametrize(
    ("mode", "error", "words"),
    [
        ("refuses pictures", InputError, "no face in the photo"),
        ("gone", WorkerLostError, "does not answer"),
        ("leads elsewhere", WorkerLostError, "/etc/passwd"),
        ("has no id", WorkerLostError, "without 'id'; update FaceChain"),
        ("has no seed", WorkerLostError, "something else than numbers"),
        ("has no picture", WorkerLostError, "without 'url'"),
    ],
)
def test_what_a_webui_refuses_is_told_from_what_it_cannot(webui, sources, mode, error, words):
    worker = WebuiWorker(webui(mode=mode).url, sources, timeout=5)
    with pytest.raises(error, match=words):
        worker.make(items(sources, 1)[0])
    assert worker.is_back() is (mode != "gone")


def test_models_are_compared_first(webui, sources, caplog):
    first, other = webui(), webui(adapters=["another"])
    workers = connect([first.url, other.url, "http://127.0.0.1:9"], sources, timeout=5, auth="")
    assert [one.name for one in workers] == [first.url]
    assert "load the same models" in caplog.text
    with pytest.raises(HostError, match="No webui can be used"):
        connect(["http://127.0.0.1:9"], sources, timeout=5, auth="")


def test_user_and_password_are_sent(webui, sources):
    locked = webui(auth="Basic " + base64.b64encode(b"anna:1").decode())
    assert connect([locked.url], sources, timeout=5, auth="anna:1")
    with pytest.raises(HostError, match="user and password"):
        connect([locked.url], sources, timeout=5, auth="anna:2")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "127.0.0.1:7860", "http://", "ftp://a"])
def test_only_addresses_of_the_web_are_taken(url, sources):
    with pytest.raises(InputError, match="addresses"):
        WebuiWorker(url, sources)
