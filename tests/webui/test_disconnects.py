"""A browser that is closed in the middle of our work ends it, and does not keep the webui from reloading its page."""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
import time
import types
from contextlib import suppress
from urllib.request import Request, urlopen

import pytest

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.page import working  # noqa: E402
from facechain_ext.page.working import Work, stop_all  # noqa: E402
from facechain_ext.webui import disconnects  # noqa: E402

PATIENCE = 60


@pytest.fixture
def work():
    """A task that goes on until it is stopped, and whether it has ended."""
    ended = threading.Event()

    def task(report):
        while report(1, 100):
            time.sleep(0.02)
        ended.set()
        return "stopped"

    return types.SimpleNamespace(task=task, ended=ended)


@pytest.fixture
def page(work, monkeypatch):
    """A page with one button, whose work tells how far it is; served until the end of the test."""

    def run():
        running = Work(work.task)
        for tick in running.ticks():
            yield tick.words

    monkeypatch.setattr(run, "__module__", "facechain_ext.page.result")
    monkeypatch.setattr(working, "_UNWATCHED", 3.0)
    with gr.Blocks() as blocks:
        told = gr.Textbox()
        gr.Button().click(run, [], [told])
    blocks.queue()
    app, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    disconnects.watch(blocks, app)
    yield types.SimpleNamespace(blocks=blocks, url=url)
    stop_all()
    closing = threading.Thread(target=blocks.close, daemon=True)
    closing.start()
    closing.join(PATIENCE)


def leave_in_the_middle_3(url):
    """What the browser of gradio 3 says until the work has begun; then its page is closed."""
    websockets = importlib.import_module("websockets")
    begun = []

    async def visit():
        async with websockets.connect(url.replace("http", "ws") + "queue/join") as socket:
            while len(begun) < 2:
                said = json.loads(await socket.recv())
                if said["msg"] == "send_hash":
                    await socket.send(json.dumps({"session_hash": "one", "fn_index": 0}))
                elif said["msg"] == "send_data":
                    await socket.send(json.dumps({"session_hash": "one", "fn_index": 0, "data": []}))
                elif said["msg"] == "process_generating":
                    begun.append(said)

    asyncio.run(visit())


def leave_in_the_middle_4(url):
    """The same with gradio 4, whose browser reads a stream of events."""
    body = json.dumps({"data": [], "fn_index": 0, "session_hash": "one"}).encode()
    urlopen(Request(url + "queue/join", body, {"Content-Type": "application/json"}), timeout=PATIENCE).read()
    with urlopen(url + "queue/data?session_hash=one", timeout=PATIENCE) as stream:
        begun = 0
        while begun < 2:
            begun += b"process_generating" in stream.readline()


def test_closed_in_the_middle_then_reloaded(page, work):
    (leave_in_the_middle_3 if gr.__version__.startswith("3.") else leave_in_the_middle_4)(page.url)
    assert work.ended.wait(PATIENCE), "the work goes on for nobody"
    closing = threading.Thread(target=page.blocks.close, daemon=True)  # what Reload UI waits for
    closing.start()
    closing.join(PATIENCE)
    assert not closing.is_alive(), "the server waits for the browser that has gone"


def test_a_page_that_is_taken_away_stops_its_work(work):
    ticks = Work(work.task).ticks()
    next(ticks)
    disconnects.stop_work()
    assert work.ended.wait(PATIENCE)
    with suppress(StopIteration):
        while True:
            next(ticks)
    assert stop_all() == 0


class Queue:
    """The queue of gradio 3, whose clients have all gone."""

    async def send_message(self, event, data, timeout=1):
        return False


@pytest.mark.parametrize(
    ("module", "there", "sent", "ended"),
    [
        ("facechain_ext.page.result", False, False, True),
        ("facechain_ext.page.result", True, True, False),
        ("modules.txt2img", False, False, False),
    ],
)
def test_only_our_events_are_ended_and_only_when_their_browser_has_gone(module, there, sent, ended):
    queue, calls = Queue(), []

    async def disconnect():
        calls.append("disconnected")
        raise RuntimeError("the connection is gone")

    async def send_json(_data):
        if not there:
            raise RuntimeError("the connection is gone")

    function = types.SimpleNamespace(fn=types.SimpleNamespace(__module__=module))
    disconnects.watch(types.SimpleNamespace(_queue=queue, fns=[function]), None)
    event = types.SimpleNamespace(
        websocket=types.SimpleNamespace(send_json=send_json), fn_index=0, disconnect=disconnect
    )
    assert asyncio.run(queue.send_message(event, {"msg": "process_generating"})) is sent
    assert bool(calls) is ended


@pytest.mark.parametrize("blocks", [None, types.SimpleNamespace(), types.SimpleNamespace(_queue=object(), fns={})])
def test_a_host_without_such_a_queue_is_left_alone(blocks):
    disconnects.watch(blocks, None)
