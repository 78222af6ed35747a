"""How a training is found again: whose process it is, whether it lives, and what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest

from facechain_ext.errors import HostError
from facechain_ext.training_runs.reporting import StatusReporter
from facechain_ext.training_runs.status import (
    MAX_SILENCE_SECONDS,
    RUN_ID,
    STATUS,
    TrainingStatus,
    new_status,
    process_identity,
    read_status,
    request_stop,
    stop_requested,
    write_status,
)


@pytest.fixture
def mine():
    return new_status("run-1", "Ink drawing", "Starting Python", 100)


@pytest.fixture
def other():
    """Another process that lives."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.stdin.close()
    process.wait()


def test_a_process_is_distinguished_from_another_with_its_pid(other):
    own, its = process_identity(os.getpid()), process_identity(other.pid)
    assert own == process_identity(os.getpid())
    assert its
    assert its != own
    other.kill()
    end = time.monotonic() + 60
    while process_identity(other.pid) and time.monotonic() < end:
        time.sleep(0.01)  # it is a zombie now, since nobody has waited for it
    assert process_identity(other.pid) == ""


@pytest.mark.parametrize(
    ("change", "alive"),
    [
        ({}, True),
        ({"heartbeat": 0.0}, True),  # a machine that is busy for long is no dead process
        ({"process": "of one that had this number before"}, False),
        ({"process": ""}, False),
        ({"pid": 0}, False),
        ({"pid": 2**22 + 1}, False),  # more than Linux gives
        ({"phase": "running"}, True),
        ({"phase": "stopped"}, False),
        ({"phase": "done"}, False),
        ({"phase": "failed"}, False),
        ({"machine": "another"}, True),
        ({"machine": "another", "heartbeat": time.time() - MAX_SILENCE_SECONDS - 600}, False),
    ],
)
def test_a_training_lives_while_its_own_process_does(mine, change, alive):
    assert replace(mine, **change).alive is alive


def test_what_is_written_is_read(tmp_path, mine):
    status = replace(mine, phase="running", step=3, loss=0.25, seconds_left=None, preview="000003.png", notes="a\nb")
    write_status(tmp_path, status)
    assert read_status(tmp_path) == status
    assert read_status(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    "change",
    [{"phase": "odd"}, {"step": "3"}, {"name": None}, {"loss": "small"}, {"heartbeat": None}, {"unknown": 1}],
)
def test_a_damaged_status_counts_as_none(tmp_path, mine, change):
    (tmp_path / STATUS).write_text(json.dumps(asdict(mine) | change))
    assert read_status(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "{}"])
def test_a_status_that_is_none_counts_as_none(tmp_path, content):
    (tmp_path / STATUS).write_text(content)
    assert read_status(tmp_path) is None


def test_a_stop_is_for_one_run(tmp_path):
    assert not stop_requested(tmp_path, "run-1")
    request_stop(tmp_path, "run-1")
    assert stop_requested(tmp_path, "run-1")
    assert not stop_requested(tmp_path, "run-2")


def test_a_second_process_is_refused_and_changes_nothing(tmp_path, other):
    first = TrainingStatus("run-1", "Ink", "running", pid=other.pid, process=process_identity(other.pid))
    write_status(tmp_path, replace(first, machine=new_status("", "", "", 1).machine, step=7, steps=9))
    before = (tmp_path / STATUS).read_bytes()
    with pytest.raises(HostError, match=rf"process {other.pid} \(step 7 of 9\)"), StatusReporter(tmp_path, "Ink", 9):
        pass
    assert (tmp_path / STATUS).read_bytes() == before


def test_the_run_that_a_page_announced_takes_its_status_over(tmp_path, mine, monkeypatch):
    write_status(tmp_path, mine)
    monkeypatch.setenv(RUN_ID, mine.run_id)
    with StatusReporter(tmp_path, mine.name, 100) as reporter:
        reporter.record_event({"event": "started", "step": 40, "steps": 100})
        for step in (41, 42):
            reporter.record_event({"event": "step", "step": step, "loss": 0.5})
        reporter.record_event({"event": "saved", "step": 42})
        reporter.record_event({"event": "preview", "file": "previews/000042.png"})
        reporter.record_event({"event": "note", "words": "Captions changed."})
        now = read_status(tmp_path)
        assert (now.run_id, now.phase, now.step, now.saved_step) == (mine.run_id, "running", 42, 42)
        assert (now.preview, now.notes, now.loss) == ("000042.png", "Captions changed.", 0.5)
        assert now.seconds_left is not None
        assert now.alive
        request_stop(tmp_path, mine.run_id)
        assert reporter.stop_requested
        reporter.record_event({"event": "stopped", "step": 42})
    assert read_status(tmp_path).phase == "stopped"


def test_an_error_is_kept_as_the_reason(tmp_path):
    with pytest.raises(ZeroDivisionError), StatusReporter(tmp_path, "Ink", 9):
        raise ZeroDivisionError("a reason")
    status = read_status(tmp_path)
    assert (status.phase, status.message, status.alive) == ("failed", "a reason", False)
