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

from facechain_ext.errors import HostError
from facechain_ext.training_runs.status import (
    LOG,
    PREVIEWS,
    STATUS,
    TrainingStatus,
    machine_name,
    read_status,
    started_here,
    write_status,
)
from facechain_ext.ui.train import process
from facechain_ext.ui.train.captions import collect
from facechain_ext.ui.train.progress import preview_file, progress_html, state_html, time_left
from facechain_ext.ui.train.request import TrainRequest, saved_state
from facechain_ext.weights import set_models_folder

PYTHON = Path(sys.executable)
POSIX = pytest.mark.skipif(os.name == "nt", reason="a program that is a shell script runs on POSIX alone")


@pytest.fixture
def wish(tmp_path):
    set_models_folder(tmp_path / "models")
    wish = TrainRequest(
        "Ink drawing", "inkdraw", tmp_path / "model.safetensors", 100_000, 1e-4, 1, 64, tmp_path / "loras"
    )
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for number, file in enumerate(files):
        Image.new("RGB", (64, 64), (50 * number, 9, 200)).save(file)
    collect(wish, [(file, f"a tree {file.name}") for file in files])
    yield wish
    running = process.running()
    if running is not None and running.pid != os.getpid():
        process.stop()
        until(lambda: process.running() is None)
    set_models_folder(None)


def until(true, seconds=300):
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def said(wish):
    return state_html(read_status(wish.folder))


def test_a_training_lives_apart_is_begun_once_stops_and_goes_on(wish, tmp_path):
    pytest.importorskip("peft", reason="peft is not installed; nothing can be trained")
    from facechain_ext.demo import random_models

    wish = replace(wish, checkpoint=random_models(tmp_path).checkpoint)
    begun, refused = [], []

    def begin():
        try:
            begun.append(process.start(wish, PYTHON))
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
    until(lambda: process.running().step >= 2)
    status = process.running()
    assert status.pid != os.getpid()
    assert os.getsid(status.pid) == status.pid  # no signal to this terminal or this process reaches it
    assert "data-running" in said(wish)
    assert "step" in progress_html(status)
    assert process.stop().run_id == status.run_id
    until(lambda: process.running() is None)
    stopped = read_status(wish.folder)
    assert (stopped.phase, stopped.saved_step) == ("stopped", stopped.step)
    assert saved_state(wish.folder)[0] == stopped.step
    again = replace(wish, resume=True, steps=stopped.step + 2)
    process.start(again, PYTHON)
    until(lambda: read_status(wish.folder).ended)
    done = read_status(wish.folder)
    assert (done.phase, done.step) == ("done", stopped.step + 2), done.message
    assert Path(done.message) == tmp_path / "loras" / "ink-drawing.safetensors"
    assert preview_file(done).is_file()
    with pytest.raises(HostError, match=rf"All {done.step} steps are made"):
        process.check(again)
    assert f"Done: {done.message}" in said(wish)


@POSIX
def test_a_python_that_cannot_train_says_why(wish, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"event": "x"}\'\necho No module named torch >&2\nexit 1\n')
    python.chmod(0o755)
    process.start(wish, python)
    until(lambda: read_status(wish.folder).ended)
    assert "ended with an error: No module named torch" in said(wish)
    assert process.running() is None


def test_a_python_that_is_none_is_said_at_once(wish, tmp_path):
    with pytest.raises(HostError, match="cannot be started"):
        process.start(wish, tmp_path / "nothing")
    assert process.running() is None
    assert "cannot be started" in said(wish)


def test_nothing_is_stopped_where_nothing_runs(wish):
    assert process.stop() is None
    assert process.running() is None
    assert state_html(process.latest()) == ""


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
def test_the_page_says_where_a_training_stands(wish, change, words):
    (wish.folder / LOG).write_text('{"event": "step"}\nKilled\n\n')
    status = replace(started_here("1", "Ink drawing", "Learning", 100), **{"phase": "running", "step": 34, **change})
    write_status(wish.folder, status)
    assert words in said(wish)
    assert ("data-running" in said(wish)) == status.alive
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
def test_the_bar_says_how_far_it_is(wish, change, words):
    status = replace(started_here("1", "Ink drawing", "Learning", 100), **{"phase": "running", **change})
    assert words in progress_html(status)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (90000, "25 h 0 min")],
)
def test_times_are_short(seconds, words):
    assert time_left(seconds) == words


@pytest.mark.parametrize("preview", ["", "gone.png", "../secret.png", "/etc/hostname"])
def test_a_preview_is_a_picture_of_its_own_folder(wish, preview):
    (wish.folder / PREVIEWS).mkdir()
    (wish.folder / "secret.png").write_bytes(b"x")
    assert preview_file(TrainingStatus("1", wish.name, preview=preview)) is None


def test_the_training_that_runs_is_found_among_others(wish):
    gone = TrainingStatus(
        "1", "Older", "running", pid=os.getpid(), process="another", machine=machine_name(), heartbeat=9
    )
    mine = started_here("2", "Ink drawing", "Learning", 100)
    for status in (gone, mine):
        folder = process.folder_of(status)
        folder.mkdir(parents=True, exist_ok=True)
        write_status(folder, status)
    assert process.running() == mine
    (process.folder_of(mine) / STATUS).unlink()
    assert process.running() is None
    assert process.latest() == gone
