"""Closing a browser during a task stops the task, and does not keep the webui from reloading its page."""

from __future__ import annotations

import importlib
import json
import threading
import time
import types
from contextlib import suppress
from urllib.request import Request, urlopen

import pytest

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.hosts.webui import disconnects
from facechain_ext.ui import background_task
from facechain_ext.ui.background_task import Task, stop_all

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
    """A page with one button, whose task reports progress; served until the end of the test."""

    def run():
        running = Task(work.task)
        for progress in running.progress_updates():
            yield progress.text

    monkeypatch.setattr(run, "__module__", "facechain_ext.ui.result")
    monkeypatch.setattr(background_task, "_ABANDONED_SECONDS", 3.0)
    with gr.Blocks() as blocks:
        output = gr.Textbox()
        gr.Button().click(run, [], [output])
    blocks.queue()
    app, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    disconnects.end_abandoned_events(blocks, app)
    yield types.SimpleNamespace(blocks=blocks, url=url)
    stop_all()
    closing = threading.Thread(target=blocks.close, daemon=True)
    closing.start()
    closing.join(PATIENCE)


def leave_in_the_middle_3(url, in_own_loop):
    """What the browser of gradio 3 says until the task reports progress; then its page is closed."""
    websockets = importlib.import_module("websockets")
    received = []

    async def visit():
        async with websockets.connect(url.replace("http", "ws") + "queue/join") as socket:
            while len(received) < 2:
                message = json.loads(await socket.recv())
                if message["msg"] == "send_hash":
                    await socket.send(json.dumps({"session_hash": "one", "fn_index": 0}))
                elif message["msg"] == "send_data":
                    await socket.send(json.dumps({"session_hash": "one", "fn_index": 0, "data": []}))
                elif message["msg"] == "process_generating":
                    received.append(message)

    in_own_loop(visit())


def leave_in_the_middle_4(url, _in_own_loop):
    """The same with gradio 4, whose browser reads a stream of events."""
    body = json.dumps({"data": [], "fn_index": 0, "session_hash": "one"}).encode()
    urlopen(Request(url + "queue/join", body, {"Content-Type": "application/json"}), timeout=PATIENCE).read()
    with urlopen(url + "queue/data?session_hash=one", timeout=PATIENCE) as stream:
        received, lines = 0, []
        while received < 2:
            lines.append(stream.readline())
            assert lines[-1], f"the stream ended before the task reported progress: {lines}"
            received += b"process_generating" in lines[-1]


def test_a_browser_closed_during_a_task_does_not_block_a_reload(page, work, in_own_loop):
    leave = leave_in_the_middle_3 if gr.__version__.startswith("3.") else leave_in_the_middle_4
    leave(page.url, in_own_loop)
    assert work.ended.wait(PATIENCE), "the task continues without a browser"
    closing = threading.Thread(target=page.blocks.close, daemon=True)  # what Reload UI waits for
    closing.start()
    closing.join(PATIENCE)
    assert not closing.is_alive(), "the server waits for the browser that has gone"


def test_removing_the_page_stops_its_tasks(work):
    progress_updates = Task(work.task).progress_updates()
    next(progress_updates)
    disconnects.stop_tasks()
    assert work.ended.wait(PATIENCE)
    with suppress(StopIteration):
        while True:
            next(progress_updates)
    assert stop_all() == 0


class Queue:
    """The queue of gradio 3, whose clients have all gone."""

    async def send_message(self, event, data, timeout=1):
        return False


@pytest.mark.parametrize(
    ("module", "there", "sent", "ended"),
    [
        ("facechain_ext.ui.result", False, False, True),
        ("facechain_ext.ui.result", True, True, False),
        ("modules.txt2img", False, False, False),
    ],
)
def test_only_own_events_are_ended_and_only_when_their_browser_is_closed(in_own_loop, module, there, sent, ended):
    queue, calls = Queue(), []

    async def disconnect():
        calls.append("disconnected")
        raise RuntimeError("the connection is gone")

    async def send_json(_data):
        if not there:
            raise RuntimeError("the connection is gone")

    function = types.SimpleNamespace(fn=types.SimpleNamespace(__module__=module))
    disconnects.end_abandoned_events(types.SimpleNamespace(_queue=queue, fns=[function]), None)
    event = types.SimpleNamespace(
        websocket=types.SimpleNamespace(send_json=send_json), fn_index=0, disconnect=disconnect
    )
    assert in_own_loop(queue.send_message(event, {"msg": "process_generating"})) is sent
    assert bool(calls) is ended


@pytest.mark.parametrize("blocks", [None, types.SimpleNamespace(), types.SimpleNamespace(_queue=object(), fns={})])
def test_a_host_without_such_a_queue_is_unchanged(blocks):
    disconnects.end_abandoned_events(blocks, None)
