"""Downloads behind a page: in order, watched, stopped, and never in each other's way."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from facechain_ext.weights import download, manifest, set_models_folder, store, transfer
from facechain_ext.weights.background import Downloads
from tests.weights.hub import Hub, Server
from tests.weights.test_download import CONTENT, an_entry


@pytest.fixture(name="server")
def _server(tmp_path, monkeypatch):
    set_models_folder(tmp_path / "models")
    entries = {key: replace(an_entry(), key=key, save_as=f"{key}.data") for key in ("one", "two")}
    for module in (manifest, store):
        monkeypatch.setattr(module, "manifest", lambda: entries)
    monkeypatch.setattr(transfer, "PAUSES", (0.01,))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(Hub(files={"folder/file.bin.raw": CONTENT})) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.address)
        yield hub
    set_models_folder(None)


@pytest.fixture(name="downloads")
def _downloads(server):
    downloads = Downloads()
    yield downloads
    downloads.close()


def wait(downloads, key, *states, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = downloads.status()[key]
        if status.state in states:
            return status
        time.sleep(0.01)
    raise AssertionError(f"{key} is still {downloads.status()[key]}")


def test_downloads_run_one_after_the_other(downloads, server):
    server.pause = 0.01
    assert downloads.start("one").state == "queued"
    downloads.start("two")
    assert downloads.start("one").busy
    first = wait(downloads, "one", "done")
    assert first.path.read_bytes() == CONTENT
    assert first.done == first.total == len(CONTENT)
    assert wait(downloads, "two", "done").path.name == "two.data"
    assert len(server.requests) == 2


def test_stopped_while_it_runs_and_while_it_waits_and_started_again(downloads, server):
    server.pause = 0.1
    downloads.start("one")
    downloads.start("two")
    wait(downloads, "one", "running")
    downloads.stop("two")
    downloads.stop("one")
    assert "goes on from there" in wait(downloads, "one", "stopped").message
    assert wait(downloads, "two", "stopped").message == "Stopped before it began."
    server.pause = 0.0
    downloads.start("one")
    assert wait(downloads, "one", "done").path.read_bytes() == CONTENT


def test_one_that_fails_says_why_and_harms_no_other(downloads, server):
    server.statuses = [404]
    downloads.start("one")
    downloads.start("two")
    assert "Put file.bin.raw" in wait(downloads, "one", "failed").message
    assert wait(downloads, "two", "done").path.exists()
    downloads.start("no-such-key")
    assert "Choose one of" in wait(downloads, "no-such-key", "failed").message


def test_one_that_fails_unexpectedly_says_so_and_does_not_run_for_ever(downloads):
    def task(key, *, progress, cancel):
        raise ZeroDivisionError("no reason")

    downloads.start("one", task)
    assert "ZeroDivisionError: no reason" in wait(downloads, "one", "failed").message


def test_another_task_by_the_same_signature(downloads):
    def task(key, *, progress, cancel):
        progress(transfer.Progress(key, "lora.safetensors", 1, 2))
        return download.pull("one", progress=progress, cancel=cancel)

    downloads.start("style:polaroid", task)
    assert wait(downloads, "style:polaroid", "done").path.name == "one.data"


def test_stopping_what_was_never_started_does_nothing(downloads):
    downloads.stop("one")
    assert downloads.status() == {}
