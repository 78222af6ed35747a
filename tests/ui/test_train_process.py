"""A training in a process of its own: begun once, found again, outliving who started it, stopped and gone on with."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from facechain_ext.errors import HostError, InputError
from facechain_ext.training_runs.status import (
    LOG,
    PREVIEWS,
    STATUS,
    TrainingStatus,
    machine_name,
    new_status,
    read_status,
    write_status,
)
from facechain_ext.ui.train import process
from facechain_ext.ui.train.captions import add_pictures
from facechain_ext.ui.train.progress import preview_file, progress_html, state_html, time_left
from facechain_ext.ui.train.request import TrainRequest, saved_state
from facechain_ext.weights import set_models_folder

PYTHON = Path(sys.executable)
POSIX = pytest.mark.skipif(os.name == "nt", reason="a program that is a shell script runs on POSIX alone")


@pytest.fixture
def train_request(tmp_path):
    set_models_folder(tmp_path / "models")
    train_request = TrainRequest(
        "Ink drawing", "inkdraw", tmp_path / "model.safetensors", 100_000, 1e-4, 1, 64, tmp_path / "loras"
    )
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for number, file in enumerate(files):
        Image.new("RGB", (64, 64), (50 * number, 9, 200)).save(file)
    add_pictures(train_request, [(file, f"a tree {file.name}") for file in files])
    yield train_request
    running = process.running_status()
    if running is not None and running.pid != os.getpid():
        process.stop()
        until(lambda: process.running_status() is None)
    set_models_folder(None)


def until(true, seconds=300):
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def said(train_request):
    return state_html(read_status(train_request.folder))


def test_a_training_lives_apart_is_begun_once_stops_and_goes_on(train_request, tmp_path):
    pytest.importorskip("peft", reason="peft is not installed; nothing can be trained")
    from facechain_ext.demo import random_models

    train_request = replace(train_request, checkpoint=random_models(tmp_path).checkpoint)
    begun, refused = [], []

    def begin():
        try:
            begun.append(process.start(train_request, PYTHON))
        except HostError as error:
            refused.append(str(error))

    browsers = [threading.Thread(target=begin) for _ in range(2)]
    for browser in browsers:
        browser.start()
    for browser in browsers:
        browser.join()
    assert (len(begun), len(refused)) == (1, 1)
    assert '"Ink drawing" is being trained already' in refused[0]
    assert begun[0].activity == "Starting Python"
    until(lambda: process.running_status().step >= 2)
    status = process.running_status()
    assert status.pid != os.getpid()
    assert os.getsid(status.pid) == status.pid  # no signal to this terminal or this process reaches it
    assert "data-running" in said(train_request)
    assert "step" in progress_html(status)
    assert process.stop().run_id == status.run_id
    until(lambda: process.running_status() is None)
    stopped = read_status(train_request.folder)
    assert (stopped.phase, stopped.saved_step) == ("stopped", stopped.step)
    assert saved_state(train_request.folder)[0] == stopped.step
    again = replace(train_request, resume=True, steps=stopped.step + 2)
    process.start(again, PYTHON)
    until(lambda: read_status(train_request.folder).ended)
    done = read_status(train_request.folder)
    assert (done.phase, done.step) == ("done", stopped.step + 2), done.message
    assert Path(done.message) == tmp_path / "loras" / "ink-drawing.safetensors"
    assert preview_file(done).is_file()
    with pytest.raises(InputError, match=rf"All {done.step} steps are made"):
        process.check_request(again)
    assert f"Done: {done.message}" in said(train_request)


@POSIX
def test_a_python_that_cannot_train_says_why(train_request, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"event": "x"}\'\necho No module named torch >&2\nexit 1\n')
    python.chmod(0o755)
    process.start(train_request, python)
    until(lambda: read_status(train_request.folder).ended)
    assert "ended with an error: No module named torch" in said(train_request)
    assert process.running_status() is None


def test_a_python_that_is_none_is_said_at_once(train_request, tmp_path):
    with pytest.raises(HostError, match="cannot be started"):
        process.start(train_request, tmp_path / "nothing")
    assert process.running_status() is None
    assert "cannot be started" in said(train_request)


def test_nothing_is_stopped_where_nothing_runs(train_request):
    assert process.stop() is None
    assert process.running_status() is None
    assert state_html(process.latest_status()) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "&quot;Ink drawing&quot; is being trained."),
        ({"heartbeat": time.time() - 600}, "Nothing was heard of it for"),
        ({"notes": "Not used: a.png"}, "Not used: a.png"),
        ({"process": "another", "saved_step": 20}, "without a word: it was killed"),
        ({"process": "another", "saved_step": 20}, "It is saved up to step 20: tick"),
        ({"process": "another"}, "Nothing was saved yet: press Train to begin it again"),
        ({"process": "another"}, "Its last words: Killed"),
        ({"phase": "stopped", "saved_step": 34}, "is stopped at step 34 of 100. It is saved up to step 34"),
        ({"phase": "failed", "message": "no <space>"}, "ended with an error: no &lt;space&gt;"),
        ({"phase": "done", "message": "ink.safetensors"}, "Done: ink.safetensors; the style is among your own."),
    ],
)
def test_the_page_says_where_a_training_stands(train_request, change, words):
    (train_request.folder / LOG).write_text('{"event": "step"}\nKilled\n\n')
    status = replace(new_status("1", "Ink drawing", "Learning", 100), **{"phase": "running", "step": 34, **change})
    write_status(train_request.folder, status)
    assert words in said(train_request)
    assert ("data-running" in said(train_request)) == status.alive
    assert bool(progress_html(status)) == status.alive


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"phase": "starting", "activity": "Loading PyTorch"}, "<span>Loading PyTorch …</span>"),
        ({"step": 34, "loss": 0.12345}, "step 34 of 100, loss 0.1235</span>"),
        ({"step": 34, "seconds_left": 150.0}, "step 34 of 100, 2 min left</span>"),
        ({"step": 34, "activity": "Saving"}, "step 34 of 100, Saving …</span>"),
        ({"step": 34}, "aria-valuenow='34'"),
    ],
)
def test_the_bar_says_how_far_it_is(train_request, change, words):
    status = replace(new_status("1", "Ink drawing", "Learning", 100), **{"phase": "running", **change})
    assert words in progress_html(status)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (90000, "25 h 0 min")],
)
def test_times_are_short(seconds, words):
    assert time_left(seconds) == words


@pytest.mark.parametrize("preview", ["", "gone.png", "../secret.png", "/etc/hostname"])
def test_a_preview_is_a_picture_of_its_own_folder(train_request, preview):
    (train_request.folder / PREVIEWS).mkdir()
    (train_request.folder / "secret.png").write_bytes(b"x")
    assert preview_file(TrainingStatus("1", train_request.name, preview=preview)) is None


def test_the_training_that_runs_is_found_among_others(train_request):
    gone = TrainingStatus(
        "1", "Older", "running", pid=os.getpid(), process="another", machine=machine_name(), heartbeat=9
    )
    mine = new_status("2", "Ink drawing", "Learning", 100)
    for status in (gone, mine):
        folder = process.folder_of(status)
        folder.mkdir(parents=True, exist_ok=True)
        write_status(folder, status)
    assert process.running_status() == mine
    (process.folder_of(mine) / STATUS).unlink()
    assert process.running_status() is None
    assert process.latest_status() == gone
